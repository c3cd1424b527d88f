"""Numba's passes over a function, without those that look for what kernels do not have."""

from __future__ import annotations

from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager

# Closures, contexts, parts to inline or unroll by Numba, arrays worked on as a whole, exceptions: kernels are
# loops over numbers. Branches that are never taken are left to LLVM.
_LOOKING_FOR_NOTHING = {
    "WithLifting", "InlineClosureLikes", "RewriteSemanticConstants", "DeadBranchPrune", "FindLiterallyCalls",
    "RewriteDynamicRaises", "MakeFunctionToJitFunction", "InlineInlinables", "LiteralUnroll",
    "LiteralPropagationSubPipelinePass", "InlineOverloads", "NopythonRewrites", "DumpParforDiagnostics",
}  # fmt: skip


class KernelCompiler(CompilerBase):
    """Numba's compiler for kernels and their parts."""

    def define_pipelines(self):
        usual = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes = PassManager("kernel")
        passes.passes.extend(one for one in usual.passes if one[0].__name__ not in _LOOKING_FOR_NOTHING)
        passes.finalize()
        return [passes]
