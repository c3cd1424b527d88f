"""The claims and what was found, in Chinese; the figures come from the trial."""

from __future__ import annotations

CLAIMS = {
    "zeros learn nothing": "权重全为零时代价不下降，预测全为 0。",
    "equal units stay equal": "权重全为零时，同层神经元永远相同。",
    "equal units are linear": "所有神经元都相同的网络不比线性分类器强。",
    "large weights cost much": "较大的随机权重使初始代价很大，log(0) 处为无穷。",
    "scale of the start": "过大或过小的权重使梯度暴涨或衰减，减慢训练。",
    "small random start": "L 层网络的权重可用 randn * 0.01 初始化。",
    "plain network overfits": "没有正则化时存在过拟合。",
    "L2 smooths": "L2 使决策边界更平滑。",
    "much L2 makes a line": "λ 过大时边界过度平滑成直线，带来高偏差。",
    "L2 shrinks weights": "L2 使权重更小。",
    "dropout at prediction hurts": "dropout 只用于训练，预测时使用是错误。",
    "dropout keeps the expectation": "除以 keep_prob 使激活值的期望不变。",
    "dropout divides backward too": "反向传播要用同样的掩码，并同样除以 keep_prob。",
    "one dimension passes": "一维时正确梯度的差异小于 1e-7。",
    "1e-7 tells right from wrong": "差异小于 1e-7 则梯度正确，否则有误。",
    "epsilon = 1e-6 passes": "epsilon 取 1e-6 时网络的梯度校验通过。",
    "a smaller epsilon is worse": "epsilon 越小，与导数越不一致。",
    "kinks are the cause": "差一点不通过，可能是代价函数有毛刺或 ReLU 在 0 处的折点。",
    "the note's n-dimensional code": "图 26 的代码能分辨正确与错误的梯度。",
    "batch, mini-batch and one": "随机梯度下降更快但震荡；mini-batch 一般优于两个极端。",
    "mini-batches of 16 to 128": "mini-batch 的大小一般取 16、32、64、128 等 2 的幂。",
    "beta = 0 is plain descent": "β = 0 时动量退化为普通梯度下降。",
    "larger beta is smoother": "β 越大更新越平滑；一般取 0.8 到 0.999。",
    "momentum helps the speed": "动量一般有助于提升速度。",
    "momentum gains little here": "学习率小、数据简单时，动量的优势不明显。",
    "swings come from hard batches": "代价的震荡来自较难的 mini-batch。",
    "Adam is faster": "Adam 比梯度下降和动量收敛得更快。",
    "all reach the same": "在简单数据上迭代次数更多时，三种算法都得到较好结果。",
    "Adam needs little tuning": "除学习率外，Adam 稍加调整即可。",
    "Adam's memory": "Adam 内存要求低，尽管高于另外两种。",
    "Adam is smoother": "Adam 的代价曲线更平滑。",
    "a good start": "好的初始化加速梯度下降的收敛，并更可能得到较低的训练和泛化误差。",
    "biases may start at zero": "权重必须随机初始化；偏置可以初始化为 0。",
    "Xavier's start is alike": "Xavier 初始化 randn * sqrt(1 / n[l-1]) 与 He 初始化相似。",
    "lambda by a dev set": "最优的 λ 可以通过 dev set 调整得到。",
    "shuffled alike": "X 和 Y 的洗牌要一致，否则标签与样本不匹配。",
    "momentum damps the swings": "动量可以减缓 mini-batch 带来的震荡。",
    "velocity builds up": "velocity 从 0 开始，迭代若干次后建立起速度，实现更大的步长。",
}

FINDINGS = {
    "zeros learn nothing": (
        "代价从 {first:.4f} 到 {last:.4f}（15,000 次迭代）；答案为 1 的占 {positive:.0%}。"
    ),
    "equal units stay equal": (
        "训练后神经元之间的差异占其大小：全零 {zeros:.1g}，全 0.3 {constant:.1g}，He 初始化 {he:.2f}。"
    ),
    "equal units are linear": (
        "从全 0.3 的权重出发，{straight:.1%} 的平面与一条直线的划分一致（He：{he:.1%}）。从全零出发更差："
        "只有一种答案，准确率 {zeros_accuracy:.0%}。"
    ),
    "large weights cost much": (
        "初始代价 {first:,.0f}，He 为 {he:.2f}；{certain:.0%} 的输出舍入为 0 或 1，按笔记的公式得无穷大；"
        "由 Z 计算则是有限的。"
    ),
    "scale of the start": (
        "最初 dW1 的范数：randn*0.01 为 {small_gradient:.1e}，He 为 {he_gradient:.2f}，randn*10 为 "
        "{large_gradient:.0f}；15,000 次迭代后代价 {small:.3f}、{he:.3f}、{large:.3f}。"
    ),
    "small random start": (
        "四层网络的最终代价：randn*0.01 为 {small:.3f}，He 为 {he:.3f}：在这一深度上 0.01 几乎等于全零。"
    ),
    "plain network overfits": (
        "训练准确率 {train:.1%}，测试 {test:.1%}；测试代价从 {lowest:.3f} 升到 {ends:.3f}，"
        "训练代价则降到 {fitted:.3f}。"
    ),
    "L2 smooths": "边界长度：无 L2 为 {none:.2f} 个边长，λ = 0.7 时为 {l2:.2f}。",
    "much L2 makes a line": (
        "与直线一致的平面比例：λ 0.7 为 {line0:.1%}，10 为 {line1:.1%}，20 为 {line2:.1%}（训练准确率 "
        "{train0:.1%}、{train1:.1%}、{train2:.1%}）；λ 100 时不是直线，而是只有一种答案（{train3:.1%}）。"
    ),
    "L2 shrinks weights": "全部权重的范数：无 L2 为 {none:.1f}，λ = 0.7 为 {l2:.1f}。",
    "dropout at prediction hurts": (
        "测试准确率：使用全部单元 {whole:.1%}，丢弃单元时平均 {dropped:.1%}；400 次中 {worse:.0%} 更差。"
    ),
    "dropout keeps the expectation": (
        "dropout 后与前的平均激活值之比：相除 {ratio:.4f}，不除 {plain:.4f}（keep_prob = 0.86）。"
    ),
    "dropout divides backward too": ("dW1 与中心差分的相对差：相除 {divided:.1e}，不除 {undivided:.0%}。"),
    "one dimension passes": "差异为 {difference:.2e}。",
    "1e-7 tells right from wrong": (
        "正确梯度为 {right:.3e}，超过阈值；有误的为 {wrong:.3f}。两者相差悬殊，但 1e-7 在此过严。"
    ),
    "epsilon = 1e-6 passes": "此时差异为 {difference:.2e}。",
    "a smaller epsilon is worse": (
        "在 {best_epsilon:.0e}（差异 {best:.1e}）以下如此：1e-12 时为 {small:.1e}。以上则 epsilon 越大"
        "越差："
        "0.1 时为 {large:.1e}。"
    ),
    "kinks are the cause": (
        "没有 ReLU 离折点近于 {nearest:.2f}。epsilon 从 1e-6 到 1e-9，差异增大 {growth:,.0f} 倍，"
        "与 1/epsilon 相同：原因是代价的舍入误差。"
    ),
    "the note's n-dimensional code": (
        "J_minus 也取在 theta + epsilon，斜率全为 0，正确梯度的差异为 {right:.0f}，错误的也为 {wrong:.0f}。"
    ),
    "batch, mini-batch and one": (
        "代价到 0.3 的遍数：全部样本 {batch_passes:,.0f}，64 个 {mini_passes:,.0f}，1 个 "
        "{one_passes:,.0f}；"
        "秒数 {batch_seconds:.3f}、{mini_seconds:.3f}、{one_seconds:.3f}；最后代价的平均变化 "
        "{batch_swing:.1e}、{mini_swing:.1e}、{one_swing:.1e}。"
    ),
    "mini-batches of 16 to 128": (
        "同一学习率下代价到 0.3 的遍数：{passes16:,.0f}、{passes32:,.0f}、{passes64:,.0f}、"
        "{passes128:,.0f}。2 的幂本身没有好处：60 个样本最终 {cost60:.3f}，64 个 {cost64:.3f}。"
    ),
    "beta = 0 is plain descent": "200 轮后参数相差不超过 {apart:.1g}。",
    "larger beta is smoother": (
        "β 为 0、0.5、0.8、0.9、0.99、0.999 时相邻两次更新的余弦：{cosine0:.2f}、{cosine1:.2f}、"
        "{cosine2:.2f}、{cosine3:.2f}、{cosine4:.2f}、{cosine5:.3f}；最终代价 {cost0:.3f}、{cost1:.3f}、"
        "{cost2:.3f}、{cost3:.3f}、{cost4:.3f}、{cost5:.3f}。"
    ),
    "momentum helps the speed": (
        "代价到 0.3 的遍数，不用与用动量：学习率 0.02 时 {gd_small:,.0f} 与 {momentum_small:,.0f}，"
        "0.2 时 "
        "{gd_large:,.0f} 与 {momentum_large:,.0f}。笔记的形式带因子 (1 − β)，步长与不用动量时一样。"
    ),
    "momentum gains little here": (
        "代价：不用 {plain:.4f}，用 {momentum:.4f}；准确率 {plain_accuracy:.2%} 与 {momentum_accuracy:.2%}。"
    ),
    "swings come from hard batches": (
        "相邻记录的平均变化：最后一个 mini-batch {batch_swing:.4f}，全部样本 {whole_swing:.4f}。"
    ),
    "Adam is faster": "代价到 0.45 的轮数：梯度下降 {gd:,.0f}，动量 {momentum:,.0f}，Adam {adam:,.0f}。",
    "all reach the same": (
        "50,000 轮后准确率 {gd_accuracy:.1%}、{momentum_accuracy:.1%}、{adam_accuracy:.1%}，代价 "
        "{gd:.3f}、"
        "{momentum:.3f}、{adam:.3f}。"
    ),
    "Adam needs little tuning": (
        "改变 β 与 epsilon，3,000 轮后代价为 {low:.3f} 至 {high:.3f}；学习率从 7e-6 到 7e-3 则为 "
        "{rate_low:.3f} 至 {rate_high:.3f}。"
    ),
    "Adam's memory": (
        "每个参数（含梯度）所需的数：{gd:.0f}、{momentum:.0f}、{adam:.0f}。确实高于另外两种；"
        "是普通梯度下降的两倍，不能算低。"
    ),
    "Adam is smoother": (
        "每下降一个单位，曲线走过的路程：梯度下降 {gd:.1f}，Adam {adam:.1f}；但相邻记录的变化为 "
        "{gd_swing:.3f} 与 {adam_swing:.3f}。"
    ),
    "a good start": (
        "代价到 0.5 的迭代次数：He {he_iterations:,.0f}，randn*0.01 {small_iterations:,.0f}，randn*10 "
        "{large_iterations:,.0f}；训练准确率 {he_train:.1%}、{small_train:.1%}、{large_train:.1%}，测试 "
        "{he_test:.1%}、{small_test:.1%}、{large_test:.1%}。"
    ),
    "biases may start at zero": (
        "权重用 He 初始化，偏置为 0 时最终代价 {zero:.3f}，偏置取自 randn 时 {drawn:.3f}。"
    ),
    "Xavier's start is alike": (
        "训练准确率 {xavier_train:.1%}，测试 {xavier_test:.1%}，代价 {xavier:.3f}；He：{he_train:.1%}、"
        "{he_test:.1%}、{he:.3f}。"
    ),
    "lambda by a dev set": (
        "在留出的五分之一训练样本上，λ = {lambd:g} 的代价最低。它在测试样本上的代价为 {chosen_cost:.3f}，"
        "准确率 {chosen_accuracy:.1%}；无惩罚项时为 {none_cost:.3f} 和 {none_accuracy:.1%}。"
    ),
    "shuffled alike": "洗牌一致时测试准确率 {alike:.1%}，Y 用另一种排列时 {apart:.1%}。",
    "momentum damps the swings": (
        "mini-batch 为 16、学习率相同时，全部样本的代价在最后相邻记录间变化：无动量 {plain:.1e}，β = 0.9 "
        "为 {momentum:.1e}，β = 0.99 为 {more:.1e}。"
    ),
    "velocity builds up": (
        "与普通梯度下降相比，第一步长 {first:.2f} 倍，第十步 {tenth:.2f} 倍，60 步中最长 {longest:.2f} 倍"
        "：速度确实建立起来，但因有因子 (1 − β)，只达到普通步长，并不更大。"
    ),
}
