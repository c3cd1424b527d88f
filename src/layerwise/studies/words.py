"""The words of the tables, in English and Chinese. What a page tells of each study is in `stories`."""

from __future__ import annotations

LANGUAGES = ("en", "zh")

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "model": "Model",
        "train accuracy": "Train accuracy",
        "test accuracy": "Test accuracy",
        "comment": "Problem/Comment",
        "cost shape": "Cost shape",
        "check": "Check",
        "difference": "Difference",
        "published": "Published",
        "rate": "Best rate",
        "train cost": "Train cost",
        "reached": "Epochs to half the baseline's cost",
        "never": "never",
        "edge": "the edge of the grid",
        "any rate": "most rates alike",
        "smooth": "smooth",
        "oscillates": "oscillations",
        "smoother": "smoother",
        "train": "training",
        "test": "test",
        "seeds": "{n} seeds, in single precision: mean ± standard deviation",
        "one seed": "One seed, in single precision",
        "tuned": "Each at its own best learning rate, in single precision, chosen by {chosen}",
        "train_choice": "the cost in training on {judged:,} examples",
        "held out": "the cost on a fifth of the training examples, held out ({judged:,})",
        "holds": "holds",
        "does not hold": "does not hold",
        "cannot be told": "cannot be told",
        "no difference": "no difference",
        "holds in part": "holds in part",
        "verdict": (
            "{better_model} above {worse_model} in {split} accuracy: {verdict}; higher in {better} of "
            "{seeds} seeds, equal in {equal}, by {difference:+.1f} points on average ({low:+.1f} to "
            "{high:+.1f})."
        ),
        "verdict on few": (
            "{better_model} above {worse_model} in {split} accuracy: {verdict}; higher in {better} of "
            "{seeds} seeds, equal in {equal}."
        ),
        "in": "{count} of {seeds}",
        "and": " and ",
        "name": "{}",
        "aside": "{} ({})",
        "ahead": ("{best}: {most} {split} accuracy, the highest; {worst}: {least}, the lowest."),
        "ahead when tuned": (
            "Each at its own best learning rate, {best}: {most} {split} accuracy, the highest; "
            "{worst}: {least}, the lowest."
        ),
        "level": "All have the same {split} accuracy, {share}.",
        "conclusions": "The note's conclusions ({conclusions}) on {seeds} seeds: {counts}.",
        "conclusions on one seed": "The note's conclusions ({conclusions}) on one seed: {counts}.",
        "list": ", ",
        "count": "{}: {}",
        "checked": "{wrong} of {checks} gradients wrong: {found}.",
    },
    "zh": {
        "model": "模型",
        "train accuracy": "训练准确率",
        "test accuracy": "测试准确率",
        "comment": "问题/评价",
        "cost shape": "代价曲线",
        "check": "校验",
        "difference": "差异",
        "published": "公布值",
        "rate": "最佳学习率",
        "train cost": "训练代价",
        "reached": "代价降到基准一半的轮数",
        "never": "未达到",
        "edge": "网格边缘",
        "any rate": "多数学习率相同",
        "smooth": "平滑",
        "oscillates": "震荡",
        "smoother": "较平滑",
        "train": "训练",
        "test": "测试",
        "seeds": "{n} 个随机种子，单精度：均值 ± 标准差",
        "one seed": "一个随机种子，单精度",
        "tuned": "各自采用最佳学习率，单精度，依据：{chosen}",
        "train_choice": "训练代价（{judged:,} 个样本）",
        "held out": "留出的五分之一训练样本（{judged:,} 个）的代价",
        "holds": "成立",
        "does not hold": "不成立",
        "cannot be told": "无法判断",
        "no difference": "没有差别",
        "holds in part": "部分成立",
        "verdict": (
            "“{better_model}”的{split}准确率高于“{worse_model}”：{verdict}；{seeds} 个种子中 {better} 个更高"
            "、{equal} 个相同，平均相差 {difference:+.1f} 个百分点（{low:+.1f} 至 {high:+.1f}）。"
        ),
        "verdict on few": (
            "“{better_model}”的{split}准确率高于“{worse_model}”：{verdict}；{seeds} 个种子中 {better} 个更高"
            "、{equal} 个相同。"
        ),
        "in": "{seeds} 次中 {count} 次",
        "and": "和",
        "name": "“{}”",
        "aside": "{}（{}）",
        "ahead": "{split}准确率最高：{best}，{most}；最低：{worst}，{least}。",
        "ahead when tuned": (
            "各自采用最佳学习率时，{split}准确率最高：{best}，{most}；最低：{worst}，{least}。"
        ),
        "level": "{split}准确率相同，均为 {share}。",
        "conclusions": "在 {seeds} 个随机种子上，笔记的结论（{conclusions} 条）：{counts}。",
        "conclusions on one seed": "在一个随机种子上，笔记的结论（{conclusions} 条）：{counts}。",
        "list": "，",
        "count": "{}：{}",
        "checked": "{checks} 个梯度中 {wrong} 个有误：{found}。",
    },
}

MODELS_ZH = {
    "3-layer NN with zeros initialization": "三层网络，全零初始化",
    "3-layer NN with large random initialization": "三层网络，较大的随机初始化",
    "3-layer NN with He initialization": "三层网络，He 初始化",
    "3-layer NN without regularization": "三层网络，无正则化",
    "3-layer NN with L2-regularization": "三层网络，L2 正则化",
    "3-layer NN with dropout": "三层网络，dropout",
    "Gradient descent": "梯度下降",
    "Momentum": "动量",
    "Adam": "Adam",
    "2-layer NN": "两层网络",
    "4-layer NN": "四层网络",
    "One dimension: J = theta x, x = 2, theta = 4": "一维：J = θx，x = 2，θ = 4",
    "3-layer NN with the course's two bugs": "三层网络，含课程的两处错误",
    "3-layer NN without them": "三层网络，无错误",
}


def model_name(model: str, language: str) -> str:
    """A model's name in the language."""
    return MODELS_ZH.get(model, model) if language == "zh" else model


def percentage(share: float) -> str:
    """50%, 79.67%, 91.5%."""
    if share != share:
        return "–"
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def small_number(value: float | None) -> str:
    """2.919e-10, 0.2851."""
    if value is None:
        return "–"
    return f"{value:.4g}" if abs(value) >= 1e-3 else f"{value:.3e}"
