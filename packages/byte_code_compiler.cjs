// Runs byte_code_compiler.py in Pyodide, which is CPython 3.13 as WebAssembly: a batch on stdin, the byte code on
// stdout. `node byte_code_compiler.cjs <pyodide's folder> <byte_code_compiler.py>`
"use strict";

const { readFileSync, writeSync } = require("node:fs");

const [pyodide, compiler] = process.argv.slice(2);

async function main() {
  const batch = readFileSync(0);
  // What is compiled must not depend on a seed.
  const python = await require(pyodide).loadPyodide({ env: { PYTHONHASHSEED: "0" }, stdout: () => {} });
  python.FS.writeFile("/byte_code_compiler.py", readFileSync(compiler));
  python.FS.writeFile("/sources", batch);
  python.runPython(`
import sys
from pathlib import Path
sys.path.insert(0, "/")
from byte_code_compiler import compile_batch
if sys.implementation.cache_tag != "cpython-313":
    raise SystemExit(f"Pyodide is {sys.implementation.cache_tag}, but Lambda runs cpython-313")
Path("/compiled").write_bytes(compile_batch(Path("/sources").read_bytes()))
`);
  const compiled = python.FS.readFile("/compiled");
  for (let written = 0; written < compiled.length; ) {
    try {
      written += writeSync(1, compiled, written);
    } catch (error) {
      // A pipe that is full for now.
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
