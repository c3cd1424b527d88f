"""What the page of each study tells, in English and Chinese. The figures come from the run, not from here."""

from __future__ import annotations

from typing import NamedTuple

from layerwise.studies.many_runs import Unfinished


class Story(NamedTuple):
    """title: of the page. question: what is tried, one sentence. how: the data and the training, with
    {source}, {train} and {test} to be filled in. watch: what to look for in the pictures. choice: why the
    learning rates are chosen by what they are chosen by, where that is no matter of course."""

    title: str
    question: str
    how: str
    watch: str
    choice: str = ""


STORIES: dict[str, dict[str, Story]] = {
    "en": {
        "building": Story(
            "Building a deep network",
            "Does a deeper network read pictures better than one with a single hidden layer?",
            "Data: {source}, {train} pictures to train on and {test} to test. Both networks are ReLU "
            "layers with "
            "a sigmoid at the end, trained by batch gradient descent for 2,500 iterations.",
            "Both learn the training pictures almost by heart. What they get right on new pictures is the "
            "test accuracy, and it is there that they differ.",
            "Held-out pictures cannot choose a rate here: in five folds of the course's 209, neither network "
            "gets more than two pictures more right at any rate than the answer 'no cat' for all does "
            "(65.6%). So the rate is the one that learns the training pictures best, which need not be best "
            "on new ones.",
        ),
        "initialization": Story(
            "Initialization",
            "How much hangs on the numbers that the weights start from?",
            "Data: {source}, {train} points to train on and {test} to test. One network of layers 10, 5 "
            "and 1, "
            "trained by batch gradient descent at 0.01 for 15,000 iterations, from three starts: all zeros, "
            "randn × 10, and He's randn × √(2 / n).",
            "From zeros, all units of a layer receive the same gradient for ever and the network is a "
            "constant. "
            "Large weights start sure of wrong answers, and most of their units are saturated. He's start "
            "keeps the signal at one scale from layer to layer.",
        ),
        "regularization": Story(
            "Regularization",
            "What keeps a network from learning the noise by heart?",
            "Data: {source}, {train} points to train on and {test} to test. One network of layers 20, 3 "
            "and 1, "
            "trained by batch gradient descent at 0.3 for 30,000 iterations: as it is, with an L2 penalty of "
            "λ = 0.7, and with dropout that keeps 86% of the hidden units.",
            "Compare the boundaries: without regularization it winds around single points, and the "
            "weights grow "
            "large. Dropout's masks are drawn from the same seed in every pass here, as in the course's "
            "code: "
            "the same units are missing for the same points all the time, which is not yet dropout as it is "
            "meant. With masks drawn anew (as on many seeds and at tuned rates) the figures are others.",
        ),
        "optimization": Story(
            "Optimization",
            "How much faster do momentum and Adam learn than plain gradient descent?",
            "Data: {source}, {train} points to train on, and {test} to test, which the note has not. One "
            "network "
            "of layers 5, 2 and 1, mini-batches of 64, learning rate 0.0007, 10,000 epochs.",
            "The cost is that of an epoch's last mini-batch, so it swings with the points that are in it. "
            "The "
            "cost shape says how far the curve travels for every unit that it comes down; plain descent and "
            "momentum lie on top of each other.",
        ),
        "gradient-checking": Story(
            "Gradient checking",
            "Is the gradient that back-propagation gives the slope of the cost?",
            "The cost is taken a little above and a little below every parameter, and the slope between "
            "the two "
            "compared with the gradient: difference = ‖g − d‖ / (‖g‖ + ‖d‖). The network has layers 5, 3 "
            "and 1, "
            "and two bugs are planted into its gradient: dW2 twice and db1 four times as large as they "
            "should be.",
            "The difference has a lowest point: with a larger epsilon the curve of the cost between the two "
            "points shows, with a smaller one the rounding of the cost does. The note's 1e-7 lies on the "
            "side "
            "of rounding.",
        ),
    },
    "zh": {
        "building": Story(
            "搭建深层网络",
            "更深的网络是否比只有一个隐藏层的网络更会识图？",
            "数据：{source}，{train} 张训练图片，{test} 张测试图片。两个网络都是 ReLU 层加 sigmoid 输出，"
            "用批量梯度下降训练 2,500 次迭代。",
            "两者几乎都能记住训练图片；对新图片的把握要看测试准确率，差别就在那里。",
            "这里无法用留出的图片选择学习率：把课程的 209 张训练图片分为五折，无论学习率多大，两种网络"
            "最多比一律回答“不是猫”（65.6%）多答对两张。因此选出的是最能学会训练图片的学习率，在新图片上未必最好。",
        ),
        "initialization": Story(
            "初始化",
            "权重的初始值有多重要？",
            "数据：{source}，{train} 个训练点，{test} 个测试点。网络各层为 10、5、1，批量梯度下降，学习率"
            " 0.01，"
            "15,000 次迭代；三种初始值：全零、randn × 10、He 的 randn × √(2 / n)。",
            "全零时同层神经元的梯度永远相同，网络输出是常数。过大的权重一开始就对错误答案深信不疑，"
            "大部分神经元饱和。He 初始化使信号在各层保持同一尺度。",
        ),
        "regularization": Story(
            "正则化",
            "怎样避免网络把噪声也背下来？",
            "数据：{source}，{train} 个训练点，{test} 个测试点。网络各层为 20、3、1，批量梯度下降，学习率"
            " 0.3，"
            "30,000 次迭代：不加正则化、L2 惩罚 λ = 0.7、保留 86% 隐藏单元的 dropout。",
            "比较决策边界：没有正则化时它绕着个别点弯曲，权重也变大。这里的 dropout 掩码与课程代码一样，"
            "每次前向传播都用同一个随机种子，即同一个点总是缺少同样的单元，这还不是真正的 dropout。"
            "每次重新抽取掩码时（多种子与调参部分），数字会不同。",
        ),
        "optimization": Story(
            "优化算法",
            "动量和 Adam 比普通梯度下降快多少？",
            "数据：{source}，{train} 个训练点；另有笔记中没有的 {test} 个测试点。网络各层为 5、2、1，"
            "mini-batch 大小 64，学习率 0.0007，10,000 轮。",
            "曲线是每轮最后一个 mini-batch 的代价，因此会随其中的样本摆动。“代价曲线”一栏是曲线走过的路程与"
            "净下降量之比；普通梯度下降与动量几乎重合。",
        ),
        "gradient-checking": Story(
            "梯度校验",
            "反向传播给出的梯度真的是代价的斜率吗？",
            "在每个参数的两侧各取一次代价，用两点间的斜率与梯度比较：difference = ‖g − d‖ / (‖g‖ + ‖d‖)。"
            "网络各层为 5、3、1，并在梯度中埋入两处错误：dW2 为应有值的 2 倍，db1 为 4 倍。",
            "差异有一个最低点：epsilon 更大时显出代价曲线的弯曲，更小时显出代价的舍入误差。"
            "笔记所用的 1e-7 位于舍入误差一侧。",
        ),
    },
}

SOURCES_ZH = {
    "scikit-learn's make_circles": "scikit-learn 的 make_circles",
    "scikit-learn's make_moons": "scikit-learn 的 make_moons",
    "layerwise's own football generator": "layerwise 自己的足球数据生成器",
    "scikit-learn's digits, 8 against the rest": "scikit-learn 的手写数字，8 与其余",
    "the course's data.mat": "课程的 data.mat",
    "the course's cat pictures": "课程的猫图片",
}

PAGE_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "kicker": "layerwise study",
        "claims title": "The note's claims, tried",
        "claims question": "What does the note's text say, and is it so?",
        "claims lead": (
            "Each claim is tried on the note's own data, networks and seeds where it has them. The "
            "verdict comes "
            "from the figures beside it."
        ),
        "section": "Section",
        "claim": "Claim",
        "verdict": "Verdict",
        "finding": "What was found",
        "table": "The table",
        "found": "What the rules found",
        "no rule": "no rule found anything.",
        "pictures": "In pictures",
        "cost": "Cost",
        "cost caption": (
            "As the note records it, every 100 {unit}s. On a logarithmic axis where values are far apart."
        ),
        "boundary": "Boundary",
        "boundary caption": (
            "Deeper is surer; the line is where it changes its mind. Points: the training data."
        ),
        "inside": "Weights and activations",
        "inside caption": (
            "A column for each layer. Above: its weights before (grey) and after training. Below: its "
            "activations on the training examples after it."
        ),
        "weights": "weights",
        "activations": "activations",
        "layer": "layer",
        "iteration": "iteration",
        "epoch": "epoch",
        "repeats": "Beyond one seed",
        "repeats caption": "A point for each seed, the mean as a line.",
        "redrawn": "Each seed draws points, start, order and masks of its own.",
        "same data": "The examples stay the same; each seed draws start, order and masks of its own.",
        "fresh": "Dropout draws its masks anew in each step.",
        "precision": "Trained in single precision; the first table of this page is in double.",
        "tuned": "At each model's own best learning rate",
        "tuned caption": "What the choice was made by, over the grid of rates; the best of each is marked.",
        "tuned lead": (
            "Every model is trained at {rates} rates from {low:g} to {high:g}, from the note's own seeds, "
            "and "
            "judged by {chosen}. The test examples have no say."
        ),
        "rate": "learning rate",
        "accuracy": "accuracy",
        "epsilons": "The difference over epsilon",
        "epsilons caption": (
            "The right gradient of the three-layer network. The dashed line is the note's epsilon."
        ),
        "own figures": (
            "These data are layerwise's own choice, so the figures are not the note's; with --data "
            "the course's files give the published ones."
        ),
        "foot": "Written by layerwise {version}. This file holds everything it shows and works offline.",
        "true": "class {k}",
        "index title": "The note's experiments",
        "index question": "What does the note show, and does it come out again?",
        "index lead": (
            "Each experiment of the note was run anew. A title leads to its page, with the pictures and "
            "what the rules found in each run."
        ),
        "index foot": "Written by layerwise {version}. The pages lie in the folders beside this file.",
        "run again": "The same again",
        "unfinished seeds": (
            "Interrupted: {done} of {planned} seeds are done. The same command goes on from there."
        ),
        "unfinished runs of the grid of learning rates": (
            "Interrupted: {done} of {planned} runs of the grid of learning rates are done. The same command "
            "goes on from there."
        ),
        "unfinished claims": (
            "Interrupted: {done} of {planned} claims are tried. The same command goes on from there."
        ),
        "findings caption": "seconds of training",
    },
    "zh": {
        "kicker": "layerwise 实验",
        "claims title": "笔记中的论断，逐一验证",
        "claims question": "笔记的文字说了什么，真是这样吗？",
        "claims lead": "每条论断都尽量用笔记自己的数据、网络和随机种子来验证，结论来自旁边的数字。",
        "section": "章节",
        "claim": "论断",
        "verdict": "结论",
        "finding": "所见",
        "table": "结果表",
        "found": "规则的发现",
        "no rule": "没有规则发现任何情况。",
        "pictures": "图示",
        "cost": "代价",
        "cost caption": "与笔记相同，每 100 次（{unit}）记录一次；数值相差悬殊时用对数轴。",
        "boundary": "决策边界",
        "boundary caption": "颜色越深越确信，线是改变判断之处。点为训练数据。",
        "inside": "权重与激活值",
        "inside caption": "每列一层。上：训练前（灰）与训练后的权重。下：训练后在训练样本上的激活值。",
        "weights": "权重",
        "activations": "激活值",
        "layer": "第 {n} 层",
        "iteration": "迭代",
        "epoch": "轮",
        "repeats": "换一些随机种子",
        "repeats caption": "每个种子一个点，横线为均值。",
        "redrawn": "每个种子各自抽取数据、初始值、顺序与掩码。",
        "same data": "样本不变；每个种子各自抽取初始值、顺序与掩码。",
        "fresh": "dropout 每一步重新抽取掩码。",
        "precision": "这里用单精度训练；本页第一张表用双精度。",
        "tuned": "各自采用最佳学习率",
        "tuned caption": "选择所依据的代价随学习率的变化，标出各自的最佳值。",
        "tuned lead": (
            "每个模型在 {low:g} 到 {high:g} 的 {rates} 个学习率上训练，随机种子与笔记相同，依据{chosen}选择"
            "；测试样本不参与。"
        ),
        "rate": "学习率",
        "accuracy": "准确率",
        "epsilons": "差异随 epsilon 的变化",
        "epsilons caption": "三层网络的正确梯度。虚线为笔记所用的 epsilon。",
        "own figures": (
            "这些数据是 layerwise 自己选择的，因此数字与笔记不同；用 --data 给出课程文件即可得到公布的数字。"
        ),
        "foot": "由 layerwise {version} 生成。本文件自成一体，可离线阅读。",
        "true": "类别 {k}",
        "index title": "笔记的实验",
        "index question": "笔记展示了什么，能否重现？",
        "index lead": "笔记中的每个实验都重新运行了一遍。点击标题可打开各实验的页面，内有图示和规则的发现。",
        "index foot": "由 layerwise {version} 生成。各实验的页面位于本文件旁的文件夹中。",
        "run again": "再次运行",
        "unfinished seeds": "已中断：{planned} 个种子完成了 {done} 个。再次运行同一命令即可继续。",
        "unfinished runs of the grid of learning rates": (
            "已中断：学习率网格的 {planned} 次训练完成了 {done} 次。再次运行同一命令即可继续。"
        ),
        "unfinished claims": "已中断：{planned} 条论断验证了 {done} 条。再次运行同一命令即可继续。",
        "findings caption": "训练用时（秒）",
    },
}


def unfinished_words(unfinished: Unfinished | None, language: str) -> str:
    """How far it came, of what Ctrl-C ended early; "" for what is whole."""
    if unfinished is None:
        return ""
    what, done, planned = unfinished
    return PAGE_WORDS[language][f"unfinished {what}"].format(done=done, planned=planned)
