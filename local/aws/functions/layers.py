"""Layers: what is deleted stays for the functions that use it, as on AWS."""

from moto.awslambda.models import LambdaBackend

_delete = LambdaBackend.delete_layer_version


def kept_layers(backend: LambdaBackend) -> dict[str, bytes]:
    """The archives, by ARN, of deleted layer versions that a function or a version of one still uses."""
    kept: dict[str, bytes] = backend.__dict__.setdefault("parakeet_kept_layers", {})
    return kept


def mend() -> None:
    """Have moto keep them: its own are gone at once."""
    LambdaBackend.delete_layer_version = _keep_and_delete  # type: ignore[method-assign]  # no setting for it


def _keep_and_delete(self: LambdaBackend, layer_name: str, layer_version: str) -> None:
    deleted = self.get_layer_version(layer_name, layer_version)
    kept = kept_layers(self)
    kept[deleted.arn] = deleted.code_bytes
    _delete(self, layer_name, layer_version)
    functions = [
        function
        for latest in self.list_functions()
        for function in self.list_versions_by_function(latest.function_name)
    ]
    used = {layer["Arn"] for function in functions for layer in function.layers}
    for arn in set(kept) - used:
        del kept[arn]
