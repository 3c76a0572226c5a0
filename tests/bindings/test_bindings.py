"""The fast bindings: that they change nothing, and step aside where they do not know what they find."""

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import bindings
from benchmarks import synthesis

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
PRELOAD = Path(bindings.__file__).with_name("jsii_preload.cjs")
NODE = shutil.which(os.environ.get("JSII_NODE", "node")) or ""

# The provider's parent package, changed, and without the imports of all submodules that make it slow.
CHANGED_PROVIDER = """
from pkgutil import extend_path
__path__ = extend_path(__path__, __name__)
class Something: ...
"""

# As jsii generates it since it imports a submodule when it is asked for.
LAZY_PROVIDER = """
from pkgutil import extend_path
__path__ = extend_path(__path__, __name__)

import importlib as _importlib
import publication

from ._jsii import *

__all__ = [
    "s3_bucket",
]

publication.publish()

_SUBMODULES = {
    "s3_bucket",
}

def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        mod = _importlib.import_module(f".{name}", __name__)
        globals()[name] = mod
        return mod
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

def __dir__() -> "list[str]":
    return [*__all__, *_SUBMODULES]

import sys as _sys
setattr(_sys.modules[__name__], "__getattr__", __getattr__)
setattr(_sys.modules[__name__], "__dir__", __dir__)
"""

UNKNOWN_PROVIDER = (
    "bindings: cdktf_cdktf_provider_aws/__init__.py is not the one it knows, so all of it is imported (slow)"
)


@dataclass(frozen=True)
class Ended:
    status: int
    stdout: str
    stderr: str


def run(*command: str | Path, cwd: Path = ROOT, variables: Mapping[str, str] | None = None) -> Ended:
    """Run with this process's environment, but for what concerns the bindings or what is synthesized."""
    ours = (
        *("JSII_NODE", "NODE_OPTIONS", "PARAKEET_PLAIN_BINDINGS", "PYTHONPATH"),
        *("AWS_ENDPOINT_URL", "JSII_RUNTIME_PACKAGE_CACHE_ROOT", "PARAKEET_STATE"),
    )
    shell = {name: value for name, value in os.environ.items() if name not in ours}
    ended = subprocess.run(
        command,
        cwd=cwd,
        env=shell | dict(variables or {}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def python(program: str, cwd: Path = ROOT, variables: Mapping[str, str] | None = None) -> Ended:
    return run(sys.executable, "-c", program, cwd=cwd, variables=variables)


def node(program: str, cwd: Path) -> Ended:
    return run(NODE, "--require", PRELOAD, "-e", program, cwd=cwd)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    """`python main.py` with a provider that the bindings do not know, and what it wrote."""
    changed: Path = tmp_path_factory.mktemp("changed")
    write(changed / "cdktf_cdktf_provider_aws" / "__init__.py", CHANGED_PROVIDER)
    outdir: Path = tmp_path_factory.mktemp("plain")
    variables = {"PYTHONPATH": str(changed), "CDKTF_OUTDIR": str(outdir)}
    # The path of bootstrap's state is in the folder that a program runs in: here the one of `outdir`, too.
    return run(sys.executable, ROOT / "main.py", cwd=Path.cwd(), variables=variables), outdir


def test_fast_and_plain_bindings_synthesize_the_same_bytes(plain: tuple[Ended, Path], outdir: Path) -> None:
    fast_output = synthesis.output(outdir)
    assert len(fast_output) > 4
    assert synthesis.differences(fast_output, synthesis.output(plain[1])) == []


def test_an_unknown_provider_is_imported_plainly_and_one_line_says_so(plain: tuple[Ended, Path]) -> None:
    ended, _ = plain
    assert ended.status == 0
    ours = [line for line in ended.stderr.splitlines() if line.startswith("bindings:")]
    assert ours == [UNKNOWN_PROVIDER]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", ""),
        ("\nprint('more')\n", f"{UNKNOWN_PROVIDER}\n"),
    ],
    ids=["known", "unknown"],
)
def test_a_provider_that_newer_jsii_generated_is_known_unless_it_does_something_else(
    tmp_path: Path, more: str, said: str
) -> None:
    own = importlib.util.find_spec("cdktf_cdktf_provider_aws")
    assert own
    assert own.origin
    lazy = write(tmp_path / "cdktf_cdktf_provider_aws" / "__init__.py", LAZY_PROVIDER + more)
    for part in ("_jsii", "s3_bucket"):
        (lazy.parent / part).symlink_to(Path(own.origin).parent / part)
    program = "import bindings; from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket"
    ended = python(program, variables={"PYTHONPATH": str(tmp_path)})
    assert (ended.status, ended.stderr) == (0, said)


def test_importing_jsii_before_the_bindings_is_said_in_one_line() -> None:
    ended = python("import jsii, bindings")
    assert ended == Ended(
        0, "", "bindings: jsii was imported before bindings, so all of it is imported (slow)\n"
    )


def test_plain_bindings_can_be_asked_for() -> None:
    program = "import bindings, sys; print('jsii' in sys.modules, 'cdktf_cdktf_provider_aws' in sys.modules)"
    assert python(program, variables={"PARAKEET_PLAIN_BINDINGS": "1"}) == Ended(0, "False False\n", "")


def test_only_the_submodules_in_use_are_imported() -> None:
    program = "import json, sys, bindings.aws; print(json.dumps(list(sys.modules)))"
    prefix = "cdktf_cdktf_provider_aws."
    imported = {
        name.removeprefix(prefix).split(".")[0]
        for name in json.loads(python(program).stdout)
        if name.startswith(prefix)
    }
    source = (ROOT / "bindings/aws.py").read_text()
    named = set(re.findall(rf"^from {re.escape(prefix)}(\w+) ", source, re.MULTILINE))
    assert imported == named | {"_jsii"}


def test_they_work_under_any_path_and_beside_the_node_options_of_others(tmp_path: Path) -> None:
    """The preload script's path goes through NODE_OPTIONS, where spaces and quotes have a meaning."""
    project = tmp_path / """a "quoted" path\\with it's spaces"""
    shutil.copytree(ROOT / "bindings", project / "bindings")
    theirs = write(tmp_path / "theirs.cjs", "require('node:fs').writeFileSync(process.env.THEIRS, 'loaded')")
    options, loaded = f"--require {theirs}", tmp_path / "loaded"
    program = """if True:
        import os
        from bindings.aws import S3Bucket
        from bindings.cdktf import App, TerraformStack
        import psutil
        print(S3Bucket(TerraformStack(App(), "stack"), "bucket", bucket="name").bucket_input)
        print(os.environ["NODE_OPTIONS"])
        print(len(psutil.Process().children(recursive=True)))
    """
    ended = python(program, cwd=project, variables={"NODE_OPTIONS": options, "THEIRS": str(loaded)})
    assert ended == Ended(0, f"name\n{options}\n1\n", "")
    assert loaded.read_text() == "loaded"


def test_the_node_beside_python_is_used_without_activating_the_environment(tmp_path: Path) -> None:
    own = Path(sys.executable).with_name("node")
    if not own.exists():
        pytest.skip("this Python has no Node beside it; `make setup` makes one that has")
    program = "import bindings, os; print(os.environ['JSII_NODE'])"
    variables = {"PATH": str(tmp_path), "PARAKEET_PLAIN_BINDINGS": "1"}
    assert Path(python(program, variables=variables).stdout.strip()).samefile(own)
    chosen = write(tmp_path / "chosen", "")
    chosen.chmod(0o755)
    assert python(program, variables=variables | {"JSII_NODE": str(chosen)}).stdout == f"{chosen}\n"


@pytest.mark.skipif(not os.access(sys.prefix, os.W_OK), reason="nobody may write to this virtual environment")
def test_what_jsii_unpacks_goes_with_the_virtual_environment() -> None:
    ended = python('import bindings, os; print(os.environ["JSII_RUNTIME_PACKAGE_CACHE_ROOT"])')
    assert Path(ended.stdout.strip()) == Path(sys.prefix, "jsii-packages")


def test_a_missing_node_is_one_line_that_says_what_to_do() -> None:
    ended = python("import bindings", variables={"JSII_NODE": "/nowhere/node"})
    assert ended == Ended(
        1, "", "bindings: there is no Node to run CDKTF with: run `make setup`, or set JSII_NODE to one\n"
    )


def test_an_error_in_javascript_still_reaches_python() -> None:
    program = """if True:
        from bindings.cdktf import App, TerraformStack
        app = App()
        TerraformStack(app, "stack")
        try:
            TerraformStack(app, "stack")
        except RuntimeError as error:
            print(error)
    """
    ended = python(program)
    assert ended.status == 0
    assert "already a Construct with name 'stack'" in ended.stdout


def test_what_javascript_prints_is_shown(tmp_path: Path) -> None:
    prints = "console.log('out of JavaScript'); console.error('error of JavaScript');"
    theirs = write(tmp_path / "theirs.cjs", f"process.once('exit', () => {{ {prints} }})")
    ended = python("import bindings.cdktf", variables={"NODE_OPTIONS": f"--require {theirs}"})
    assert ended == Ended(0, "out of JavaScript\n", "error of JavaScript\n")


class TestNode:
    """The preload script on its own, with packages made up for the purpose."""

    INDEX = "node_modules/@cdktf/provider-aws/lib/index.js"

    OLDER = (
        '"use strict";\n/**\n * Copyright\n */\n'
        'Object.defineProperty(exports, "__esModule", { value: true });\n'
        "exports.sqsQueue = exports.s3Bucket = void 0;\n// https://example.com\n"
        'exports.s3Bucket = require("./s3-bucket");\nexports.sqsQueue = require("./sqs-queue");\n'
    )
    # As newer TypeScript compiles it, for which a module is what `__importStar` gives back.
    NEWER = (
        '"use strict";\n/**\n * Copyright\n */\n'
        "var __createBinding = (this && this.__createBinding) || (Object.create ? (function(o, m, k, k2) {\n"
        "    o[k2] = m[k];\n}) : (function(o, m, k, k2) {\n    o[k2] = m[k];\n}));\n"
        "var __setModuleDefault = (this && this.__setModuleDefault) || (Object.create ? (function(o, v) {\n"
        "    o.default = v;\n}) : function(o, v) {\n    o.default = v;\n});\n"
        "var __importStar = (this && this.__importStar) || (function () {\n"
        "    return function (mod) {\n        if (mod && mod.__esModule) return mod;\n    };\n})();\n"
        'Object.defineProperty(exports, "__esModule", { value: true });\n'
        "exports.sqsQueue = exports.s3Bucket = void 0;\n"
        'exports.s3Bucket = __importStar(require("./s3-bucket/index"));\n'
        'exports.sqsQueue = __importStar(require("./sqs-queue/index"));\n'
    )

    @pytest.mark.parametrize("index", [OLDER, NEWER], ids=["older", "newer"])
    def test_the_providers_files_are_loaded_when_they_are_used(self, index: str, tmp_path: Path) -> None:
        write(tmp_path / self.INDEX, index)
        for name in ("s3-bucket", "sqs-queue"):
            write(
                (tmp_path / self.INDEX).parent / name / "index.js",
                f"console.log('{name}'); exports.S3Bucket = 1;",
            )
        ended = node(
            f"const aws = require('./{self.INDEX}'); console.log(Object.keys(aws).join(), aws.__esModule);"
            "console.log(aws.s3Bucket.S3Bucket, aws.s3Bucket === aws.s3Bucket)",
            tmp_path,
        )
        assert ended == Ended(0, "s3Bucket,sqsQueue true\ns3-bucket\n1 true\n", "")

    def test_an_unknown_index_is_loaded_plainly_and_one_line_says_so(self, tmp_path: Path) -> None:
        write(
            tmp_path / self.INDEX,
            '"use strict";\nexports.s3Bucket = makeUp();\nfunction makeUp() { return 2; }\n',
        )
        ended = node(f"console.log(require('./{self.INDEX}').s3Bucket)", tmp_path)
        line = (
            "bindings: the provider's lib/index.js is not the one it knows, so all of it is loaded (slow)\n"
        )
        assert ended == Ended(0, "2\n", line)

    @pytest.mark.parametrize("program", ["listen({ readFD: 4 })", None])
    def test_an_unknown_jsii_is_left_to_its_relay(self, program: str | None, tmp_path: Path) -> None:
        relay = write(tmp_path / "bin/jsii-runtime.js", "console.log('relay')")
        if program:
            write(tmp_path / "lib/program.js", program)
        assert run(NODE, "--require", PRELOAD, relay) == Ended(0, "relay\n", "")

    def test_an_unknown_cdktf_loads_its_zip_library_itself(self, tmp_path: Path) -> None:
        file = write(tmp_path / "cdktf/lib/private/fs.js", "console.log('zip')")
        assert run(NODE, "--require", PRELOAD, file) == Ended(0, "zip\n", "")

    def test_an_unknown_cdktf_keeps_the_stack_traces_of_its_tokens(self, tmp_path: Path) -> None:
        known = write(
            tmp_path / "cdktf/lib/tokens/private/stack-trace.js",
            "exports.captureStackTrace = captureStackTrace;\nfunction captureStackTrace() { return [1]; }",
        )
        asks = f"console.log(require({str(known)!r}).captureStackTrace().length)"
        assert node(asks, tmp_path) == Ended(0, "0\n", "")
        known.write_text(known.read_text().replace("exports.capture", "exports .capture"))
        assert node(asks, tmp_path) == Ended(0, "1\n", "")

    PROGRAM = (
        "listen({readFD:3,writeFD:1}); function listen() {}\n"
        "const fs = require('node:fs');\n"
        "function readFileChunks() { fs.appendFileSync('read', 'digest '); return Buffer.alloc(32, 7); }\n"
        "const p = {}; p.digestFile=function digestFile(e,...p){return readFileChunks(e,()=>{},...p)};\n"
        "console.log(p.digestFile('archive').toString('hex').slice(0, 4));\n"
    )

    def run_program(self, folder: Path, program: str) -> str:
        """What it prints as jsii's program, in a folder of another name each time."""
        relay = write(folder / "bin/jsii-runtime.js", "console.log('relay')")
        write(folder / "lib/program.js", program.replace("writeFD:1", "writeFD:3"))
        variables = {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(folder.parent / "kept")}
        ended = run(NODE, "--require", PRELOAD, relay, cwd=folder.parent, variables=variables)
        assert (ended.status, ended.stdout) == (0, "")
        return "".join(
            base64.b64decode(json.loads(line)["stdout"]).decode() for line in ended.stderr.splitlines()
        )

    def test_an_archives_digest_is_remembered_until_the_archive_changes(self, tmp_path: Path) -> None:
        archive, read = write(tmp_path / "archive", "one"), tmp_path / "read"
        for folder in ("first", "second"):
            assert self.run_program(tmp_path / folder, self.PROGRAM) == "0707\n"
        assert read.read_text() == "digest "
        archive.write_text("two")
        assert self.run_program(tmp_path / "third", self.PROGRAM) == "0707\n"
        assert read.read_text() == "digest digest "

    def test_an_unknown_jsii_finds_the_digest_itself(self, tmp_path: Path) -> None:
        write(tmp_path / "archive", "one")
        unknown = self.PROGRAM.replace("()=>{},...p", "(chunk)=>{},...p")
        for folder in ("first", "second"):
            assert self.run_program(tmp_path / folder, unknown) == "0707\n"
        assert (tmp_path / "read").read_text() == "digest digest "

    def test_types_are_read_by_range_from_a_jsii_that_is_known(self, tmp_path: Path) -> None:
        write(tmp_path / "definitions", '{"type": 1}{"type": 22}')
        known = (
            "listen({readFD:3,writeFD:1}); function listen() {}\n"
            "const ae = require('node:fs'), V = 'definitions', g = {at: (row) => [0, 11, 23][row]}; let Z;\n"
            "const se = (_this, value) => value, re = (_this, _old, value) => Z = value;\n"
            'function get(f) { let p; const _=re(this,Z,null!==(p=se(this,Z,"f"))&&void 0!==p?p:'
            '(0,ae.readFileSync)(se(this,V,"f")),"f"),F=se(this,g,"f").at(f),N=se(this,g,"f").at(f+1),'
            'K=JSON.parse(_.toString("utf-8",F,N)); return K}\n'
            "console.log(get(0).type, get(1).type, Buffer.isBuffer(Z));\n"
        )
        assert self.run_program(tmp_path / "known", known) == "1 22 false\n"
        unknown = known.replace("K=JSON.parse", "K=JSON['parse']")
        assert self.run_program(tmp_path / "unknown", unknown) == "1 22 true\n"

    def test_what_v8_compiled_is_kept_by_the_name_behind_a_link(self, tmp_path: Path) -> None:
        write(tmp_path / "package/index.js", "console.log(__filename)")
        for name in ("first", "second"):
            (tmp_path / name).symlink_to("package")
            variables = {
                "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(tmp_path / "kept"),
                "NODE_DEBUG_NATIVE": "COMPILE_CACHE",
            }
            command = (NODE, "--preserve-symlinks", "--preserve-symlinks-main", "--require", PRELOAD)
            ended = run(*command, tmp_path / name / "index.js", variables=variables)
            assert f"{tmp_path}/package/index.js\n" in ended.stdout
            accepted = re.search(
                rf"reading cache from .* for .*{tmp_path}/package/index.js.* success", ended.stderr
            )
            assert bool(accepted) == (name == "second")

    def test_node_ends_only_when_its_index_of_types_is_written(self, tmp_path: Path) -> None:
        """Or else every run of a fast program would start to write it, and none would end that."""
        write(tmp_path / "worker.js", "setTimeout(() => require('node:fs').writeFileSync('index', ''), 200)")
        start = "new (require('node:worker_threads').Worker)('./worker.js')"
        ended = node(f"{start}; setImmediate(() => process.exit(3))", tmp_path)
        assert ended == Ended(3, "", "")
        assert (tmp_path / "index").exists()


class TestBenchmark:
    """`make bench`, with programs that take next to no time."""

    def test_it_prints_times_memory_and_ratios(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        program = write(
            tmp_path / "same.py",
            "import os, pathlib, time; p = pathlib.Path(os.environ['CDKTF_OUTDIR']); p.mkdir(parents=True);"
            "(p / 'cdk.tf.json').write_text('{}');"
            # Its memory is looked at every 0.05 s, and as it starts there is none to make a ratio of.
            "time.sleep(0.1)",
        )
        synthesis.main(["--rounds", "1", "--program", str(program)])
        printed = capsys.readouterr().out
        assert re.search(r"^plain +\d+\.\d\d s +\d+ MB$", printed, re.MULTILINE)
        assert re.search(r"^fast +\d+\.\d\d s +\d+ MB$", printed, re.MULTILINE)
        assert re.search(r"^ratio +\d+\.\dx +\d+\.\dx$", printed, re.MULTILINE)

    def test_it_fails_if_the_outputs_differ(self, tmp_path: Path) -> None:
        program = write(
            tmp_path / "different.py",
            "import os, pathlib; p = pathlib.Path(os.environ['CDKTF_OUTDIR']); p.mkdir(parents=True);"
            "(p / 'cdk.tf.json').write_text(os.environ['PARAKEET_PLAIN_BINDINGS'])",
        )
        with pytest.raises(
            SystemExit, match=r"Outputs differ between plain and fast bindings: cdk\.tf\.json"
        ):
            synthesis.main(["--rounds", "1", "--program", str(program)])

    def test_it_fails_if_the_program_does(self, tmp_path: Path) -> None:
        program = write(tmp_path / "failing.py", "raise SystemExit('the reason')")
        with pytest.raises(
            SystemExit, match=r"the reason\nfailing\.py with plain bindings failed, see above"
        ):
            synthesis.main(["--rounds", "1", "--program", str(program)])


def test_a_value_of_the_wrong_type_is_refused_by_node_with_its_field(tmp_path: Path) -> None:
    """Python's own checks of the generated constructors are left out: they take time, and find the same."""
    program = (
        "import bindings\n"
        "from bindings.aws import S3Bucket\n"
        "from bindings.cdktf import App, TerraformStack\n"
        f"stack = TerraformStack(App(outdir={str(tmp_path)!r}), 'stack')\n"
        "S3Bucket(stack, 'bucket', bucket=7)\n"
    )
    ended = python(program)
    assert ended.status == 1
    assert "Key 'bucket': Unable to deserialize value as string" in ended.stderr
    # As Python's would say.
    assert "type of argument" not in ended.stderr
