// Preloaded into the Node that jsii starts. Each of these leaves things as they are where it finds other code than it
// knows.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { Writable } = require("node:stream");

const loadPlainly = Module._extensions[".js"];

Module._extensions[".js"] = function load(module, filename) {
  if (/[\\/]bin[\\/]jsii-runtime\.js$/.test(filename) && runInThisProcess(module, filename)) return;
  if (/[\\/]@cdktf[\\/]provider-aws[\\/]lib[\\/]index\.js$/.test(filename) && exportLazily(module, filename)) return;
  if (/[\\/]cdktf[\\/]lib[\\/]private[\\/]fs\.js$/.test(filename) && archiveLazily(module, filename)) return;
  loadPlainly(module, filename);
};

// CDKTF's last release calls what Node has deprecated since. Nobody who reads that can do anything about it.
process.noDeprecation = true;

// 1. jsii-runtime.js only starts a second Node with program.js, and relays every message between it and Python.
//    Here program.js speaks with Python itself, and what JavaScript prints goes to stderr as the relay would put it.
function runInThisProcess(module, filename) {
  const program = path.join(path.dirname(filename), "..", "lib", "program.js");
  const source = fs.existsSync(program) ? fs.readFileSync(program, "utf8").split("readFD:3,writeFD:3") : [];
  if (source.length !== 2 || process.env.JSII_DEBUG) return false;

  for (const name of ["stdout", "stderr"]) {
    const stream = new Writable({
      write(chunk, _encoding, done) {
        fs.writeSync(2, `${JSON.stringify({ [name]: chunk.toString("base64") })}\n`);
        done();
      },
    });
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  }
  // Ctrl-C reaches Python too, which then ends this process in order, its temporary files removed.
  process.on("SIGINT", () => {});
  process.execArgv.push("--preserve-symlinks");
  module._compile(source.join("readFD:0,writeFD:1"), program);
  return true;
}

// 2. The provider's index requires all of its 2,100 files. Here an export requires its file when it is first used.
function exportLazily(module, filename) {
  const submodules = [];
  for (const line of fs.readFileSync(filename, "utf8").replace(/\/\*[^]*?\*\//g, "").split(/\r?\n/)) {
    const submodule = /^exports\.(\w+) = require\("(\.\/[\w-]+)"\);$/.exec(line);
    if (submodule) submodules.push(submodule);
    else if (!/^($|\/\/|"use strict";$|Object\.defineProperty\(exports, "__esModule"|exports\.[\w.= ]+ = void 0;$)/.test(line)) {
      process.stderr.write("bindings: the provider's lib/index.js is not the one it knows, so all of it is loaded (slow)\n");
      return false;
    }
  }

  Object.defineProperty(module.exports, "__esModule", { value: true });
  for (const [, name, file] of submodules) {
    Object.defineProperty(module.exports, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = module.require(file);
        Object.defineProperty(module.exports, name, { configurable: true, enumerable: true, value, writable: true });
        return value;
      },
    });
  }
  return true;
}

// 3. cdktf requires its zip library at once, and uses it in a process of its own and only where something is zipped.
function archiveLazily(module, filename) {
  const source = fs.readFileSync(filename, "utf8").split('const archiver = require("archiver");');
  if (source.length !== 2) return false;
  module._compile(source.join('const archiver = (...options) => require("archiver")(...options);'), filename);
  return true;
}

// 4. A worker thread of jsii writes an index of the provider's types for later runs, without which each of them parses
//    120 MB of JSON. A fast program would end, and that thread with it, before the index is there: let it finish.
const indexing = new Set();
const exit = process.exit;

process.on("worker", (worker) => {
  indexing.add(worker);
  worker.once("exit", () => indexing.delete(worker));
});

process.exit = function exitWhenIndexed(code) {
  if (!indexing.size) exit(code);
  for (const worker of indexing) worker.once("exit", () => indexing.size || exit(code));
};
