"""The words of every rule, in English and Chinese; the figures come from the finding's evidence."""

from __future__ import annotations

LANGUAGES = ("en", "zh")

NAMES: dict[str, dict[str, str]] = {
    "en": {
        name: name
        for name in (
            *("fails to break symmetry", "too large weights", "overfits", "overconfident"),
            *("converges slowly", "oscillates", "learns well"),
        )
    },
    "zh": {
        "fails to break symmetry": "无法打破对称性",
        "too large weights": "权重过大",
        "overfits": "过拟合",
        "overconfident": "过度自信",
        "converges slowly": "收敛缓慢",
        "oscillates": "震荡",
        "learns well": "学习良好",
    },
}

SENTENCES: dict[str, dict[str, str]] = {
    "en": {
        "fails to break symmetry": (
            "All units of layer {layer:.0f} are the same one: their weights differ by {unit_spread:.1g} of "
            "their size, from the first row to the last, and the cost went from {first_cost:.4f} to "
            "{last_cost:.4f}. Start the weights from random numbers."
        ),
        "too large weights": (
            "The first cost is {first_cost:,.4g}, {times_baseline:,.0f} times that of a model that knows "
            "nothing ({baseline_cost:.3f}): {saturated:.0%} of the output's pre-activations lie beyond 5 and "
            "are sure of answers that are wrong. Start from smaller weights, such as He's."
        ),
        "overfits": (
            "The cost on examples that were held out fell to {lowest_validation_cost:.3f} by epoch "
            "{lowest_epoch:,.0f} and then rose to {validation_cost:.3f}, while the one in training is "
            "{train_cost:.3f}. Regularize more, stop earlier, or train on more examples."
        ),
        "overconfident": (
            "The cost on examples that were held out rose from {lowest_validation_cost:.3f} (epoch "
            "{lowest_epoch:,.0f}) to {validation_cost:.3f}, though no fewer answers are right: where the "
            "network errs, it does so with ever more certainty. Its probabilities are not to be trusted."
        ),
        "converges slowly": (
            "The last tenth of the training still brought {share_of_fall:.1%} of all that the cost fell, and "
            "it ended at {last_cost:.3f}. Train longer, raise the learning rate, or use Adam."
        ),
        "oscillates": (
            "The cost travelled up and down {roughness:.1f} times as far as it came down in all, "
            "{swing:.3f} from one record to the next. Larger mini-batches, momentum or a smaller learning "
            "rate make it smoother."
        ),
        "learns well": (
            "The cost came down to {last_cost:.3f}, {share_of_baseline:.0%} of that of a model that knows "
            "nothing ({baseline_cost:.3f}), and no rule found a problem."
        ),
    },
    "zh": {
        "fails to break symmetry": (
            "第 {layer:.0f} 层的所有神经元始终相同：权重之间的差异仅为其大小的 {unit_spread:.1g}，"
            "代价从 {first_cost:.4f} 到 {last_cost:.4f}。应当用随机数初始化权重。"
        ),
        "too large weights": (
            "初始代价为 {first_cost:,.4g}，是一无所知的模型（{baseline_cost:.3f}）的 "
            "{times_baseline:,.0f} 倍：输出层 {saturated:.0%} 的 Z 超出正负 5，"
            "对错误的答案深信不疑。应当用较小的初始权重，例如 He 初始化。"
        ),
        "overfits": (
            "留出样本上的代价在第 {lowest_epoch:,.0f} 轮降到 {lowest_validation_cost:.3f}，之后又升到 "
            "{validation_cost:.3f}，而训练代价为 {train_cost:.3f}。应当加强正则化、提前停止或增加样本。"
        ),
        "overconfident": (
            "留出样本上的代价从 {lowest_validation_cost:.3f}（第 {lowest_epoch:,.0f} 轮）升到 "
            "{validation_cost:.3f}，但答对的并没有减少：网络答错时越来越确信。它给出的概率不可信。"
        ),
        "converges slowly": (
            "最后十分之一的训练仍然贡献了代价全部下降量的 {share_of_fall:.1%}，最终代价为 {last_cost:.3f}。"
            "应当训练更久、提高学习率或使用 Adam。"
        ),
        "oscillates": (
            "代价上下移动的总路程是净下降量的 {roughness:.1f} 倍，相邻两次记录平均相差 {swing:.3f}。"
            "更大的 mini-batch、动量或更小的学习率会使曲线更平滑。"
        ),
        "learns well": (
            "代价降到 {last_cost:.3f}，是一无所知的模型（{baseline_cost:.3f}）的 {share_of_baseline:.0%}，"
            "没有规则发现问题。"
        ),
    },
}
