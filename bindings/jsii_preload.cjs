// Preloaded into the Node that jsii starts. Each of these leaves things as they are where it finds other code than it
// knows. What each is worth is measured as in fast.py: without 1 it takes 1.18 of the time, without 2 2.0, without 5,
// 6 and the stack traces of 3 together 1.13; alone, each of these is hard to tell from noise. 4 helps later runs.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { Writable } = require("node:stream");

const loadPlainly = Module._extensions[".js"];

Module._extensions[".js"] = function load(module, filename) {
  if (/[\\/]bin[\\/]jsii-runtime\.js$/.test(filename) && runInThisProcess(module, filename)) return;
  if (/[\\/]@cdktf[\\/]provider-aws[\\/]lib[\\/]index\.js$/.test(filename) && exportLazily(module, filename)) return;
  for (const [file, known, better] of REPLACED) {
    if (file.test(filename) && loadReplaced(module, filename, known, better)) return;
  }
  loadPlainly(module, filename);
};

// Where jsii's packages are kept, and what is remembered from one run to the next: nowhere if it keeps none.
const kept = process.env.JSII_RUNTIME_PACKAGE_CACHE_ROOT;

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
  const better = IN_PROGRAM.reduce(
    (code, [known, its]) => (code.match(known)?.length === 1 ? code.replace(known, its) : code),
    source.join("readFD:0,writeFD:1"),
  );
  // Every run has it in a folder of another name: V8's code is kept under one that stays.
  module._compile(
    `__dirname = require("node:path").join(module.path, "..", "lib"); ${better}`,
    kept ? path.join(kept, "program.js") : program,
  );
  return true;
}

// 2. The provider's index requires all of its 2,100 files. Here an export requires its file when it is first used.
function exportLazily(module, filename) {
  const submodules = [];
  for (const line of fs.readFileSync(filename, "utf8").replace(IN_INDEX, "").split(/\r?\n/)) {
    const submodule = /^exports\.(\w+) = (?:__importStar\()?require\("(\.\/[\w-]+(?:\/index)?)"\)\)?;$/.exec(line);
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

// Comments, and what newer TypeScript starts a file with: `__importStar`, which gives back a file of its own as it is.
const IN_INDEX = /\/\*[^]*?\*\/|^var __(?:createBinding|setModuleDefault|importStar) = \(this && [^]*?^\}\)+(?:\(\))?;$/gm;

// 3. In files of cdktf, a text that is there once, and what it is replaced with.
const REPLACED = [
  // It requires its zip library at once, and uses it in a process of its own and only where something is zipped.
  [
    /[\\/]cdktf[\\/]lib[\\/]private[\\/]fs\.js$/,
    'const archiver = require("archiver");',
    'const archiver = (...options) => require("archiver")(...options);',
  ],
  // A token keeps its whole stack trace for a message that hardly ever comes. From Python it says where jsii is.
  [
    /[\\/]cdktf[\\/]lib[\\/]tokens[\\/]private[\\/]stack-trace\.js$/,
    "exports.captureStackTrace = captureStackTrace;",
    "exports.captureStackTrace = () => [];",
  ],
];

function loadReplaced(module, filename, known, better) {
  const source = fs.readFileSync(filename, "utf8").split(known);
  if (source.length !== 2) return false;
  module._compile(source.join(better), filename);
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

// 5. V8 keeps the code that it compiled, by file names. jsii links its packages into a folder of another name each run:
//    the names that stay are those behind the links.
if (kept && Module.enableCompileCache) {
  Module.enableCompileCache(path.join(kept, "compiled"));
  const compile = Module.prototype._compile;
  Module.prototype._compile = function compileByRealPath(source, filename, ...rest) {
    return compile.call(this, source, fs.existsSync(filename) ? fs.realpathSync.native(filename) : filename, ...rest);
  };
}

// 6. In jsii's program, what matches once, and what it is replaced with.
const IN_PROGRAM = [
  // It reads each package's archive, 34 MB, to find what it unpacked from it by its digest.
  [
    /(?<=digestFile=function digestFile\((\w),\.\.\.(\w)\)\{return )(readFileChunks\(\1,\(\)=>\{\},\.\.\.\2\))(?=\})/g,
    "globalThis.parakeet.remembered($1,$2,()=>$3)",
  ],
  // It reads the definitions of all of the provider's types, 33 MB, and uses a few hundred.
  [
    /\(0,\w+\.readFileSync\)(?=\(\w+\(this,\w+,"f"\)\),"f"\)[^;]{0,200}?,\w+=JSON\.parse\(\w+\.toString\("utf-8",\w+,\w+\)\))/g,
    "globalThis.parakeet.byRange",
  ],
];

globalThis.parakeet = {
  // A file's digest from the last run, as long as the file is the same by size, times and inode.
  remembered(file, more, digest) {
    if (!kept) return digest();
    const { size, mtimeNs, ctimeNs, ino } = fs.statSync(file, { bigint: true });
    const name = crypto.hash("sha256", [path.resolve(file), size, mtimeNs, ctimeNs, ino, ...more].join("\0"));
    const memory = path.join(kept, "digests", name);
    try {
      const found = fs.readFileSync(memory);
      if (found.length === 32) return found;
    } catch {
      // Nothing is remembered of it yet.
    }
    const found = digest();
    try {
      fs.mkdirSync(path.dirname(memory), { recursive: true });
      fs.writeFileSync(`${memory}.${process.pid}`, found);
      fs.renameSync(`${memory}.${process.pid}`, memory);
    } catch {
      // Nobody may write there: it is found anew each time.
    }
    return found;
  },

  byRange(file) {
    const opened = fs.openSync(file);
    return {
      toString(encoding, start, end) {
        const bytes = Buffer.allocUnsafe(end - start);
        return bytes.toString(encoding, 0, fs.readSync(opened, bytes, 0, bytes.length, start));
      },
    };
  },
};
