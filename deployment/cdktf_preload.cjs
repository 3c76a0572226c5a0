// Loaded into npm's cdktf: what it forgets of the terminals that it runs Terraform in, and what it need not compile anew.
//
// - On SIGINT and SIGTERM it types Ctrl-C there and exits at once. That closes the terminal, which kills Terraform while
//   it writes its state: the lock stays held, and what S3 has of the state is not what DynamoDB has of it.
// - It misses the end of what Terraform says, most often the reason why it failed: libuv takes a terminal that was hung up
//   for one that was read to its end.
// - Where a variable is missing it waits for ever: it looks for Terraform's question in whole lines only.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { StringDecoder } = require("node:string_decoder");
const { stripVTControlCharacters } = require("node:util");

const TERMINALS = "@cdktf/node-pty-prebuilt-multiarch";
const CTRL_C = "\x03";
const ASKS_FOR_VARIABLE = /^var\.(\w+)\s[^]{0,500}Enter a value:\s*$/m;
const PAUSE_MILLISECONDS = 50;
const pause = new Int32Array(new SharedArrayBuffer(4));
const open = new Set();
const missing = new Set();
const load = Module._load;

// 0.35 s of the processor in each command. From Node 22 on.
Module.enableCompileCache?.(path.join(__dirname, "../node_modules/.cache/cdktf"));

Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  return request === TERMINALS ? { ...loaded, spawn: (...command) => watched(loaded.spawn(...command)) } : loaded;
};

process.on("exit", () => {
  for (const terminal of open) {
    // Where cdktf fails by itself, Terraform may be asking something that nobody answers any more.
    terminal.interrupt();
    while (readRest(terminal._fd, show)) Atomics.wait(pause, 0, 0, PAUSE_MILLISECONDS);
  }
  for (const variable of missing) {
    fs.writeSync(process.stderr.fd, `The variable ${variable} is not set: set TF_VAR_${variable}\n`);
  }
});

function watched(terminal) {
  open.add(terminal);
  terminal.onExit(() => open.delete(terminal));
  const socket = terminal._socket;
  const decoder = new StringDecoder("utf8");
  socket.prependListener("end", () => readRest(terminal._fd, (text) => socket.emit("data", decoder.write(text))));
  const write = terminal.write;
  terminal.write = (text) => (text === CTRL_C ? terminal.interrupt() : write.call(terminal, text));
  let interrupted = false;
  terminal.interrupt = () => {
    // At a second Ctrl-C Terraform drops everything.
    if (interrupted) return;
    interrupted = true;
    try {
      fs.writeSync(terminal._fd, CTRL_C);
    } catch {
      // It has just ended.
    }
  };
  let said = "";
  terminal.onData((text) => {
    said = (said + text).slice(-1000);
    const question = ASKS_FOR_VARIABLE.exec(stripVTControlCharacters(said));
    if (question === null) return;
    missing.add(question[1]);
    terminal.interrupt();
  });
  return terminal;
}

// Passes on what can be read now; whether there may be more later. Not asynchronous, since when a process exits nothing
// of that kind happens any more. What nobody reads blocks the program that writes into the terminal.
function readRest(fd, pass) {
  const buffer = Buffer.alloc(64 * 1024);
  for (;;) {
    let length;
    try {
      length = fs.readSync(fd, buffer);
    } catch (error) {
      // Else EIO: nobody has the other end open any more, so Terraform has ended.
      return error.code === "EAGAIN";
    }
    if (length === 0) return false;
    pass(buffer.subarray(0, length));
  }
}

function show(text) {
  try {
    fs.writeSync(process.stdout.fd, text);
  } catch {
    // Whoever read our output is gone; Terraform still has to end.
  }
}
