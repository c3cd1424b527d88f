"""The claims and what was found, in English; the figures come from the trial."""

from __future__ import annotations

CLAIMS = {
    "zeros learn nothing": "With all weights zero the cost does not fall, and every prediction is 0.",
    "equal units stay equal": "With all weights zero the units of a layer stay equal for ever.",
    "equal units are linear": ("A network whose units are all equal is no better than a linear classifier."),
    "large weights cost much": "Large random weights start with a huge cost, infinite at log(0).",
    "scale of the start": (
        "Weights too large or too small make gradients explode or fade, and slow it down."
    ),
    "small random start": "randn * 0.01 is a start for a network of L layers.",
    "plain network overfits": "Without regularization the network overfits.",
    "L2 smooths": "L2 makes the decision boundary smoother.",
    "much L2 makes a line": "With too large a lambda the boundary is smoothed to a line, with high bias.",
    "L2 shrinks weights": "L2 makes the weights smaller.",
    "dropout at prediction hurts": "Dropout is for training only; used at prediction it is a mistake.",
    "dropout keeps the expectation": "Dividing by keep_prob keeps the expected activation.",
    "dropout divides backward too": ("The backward pass must use the same mask and divide by keep_prob too."),
    "one dimension passes": "In one dimension the difference of a right gradient is below 1e-7.",
    "1e-7 tells right from wrong": (
        "A gradient is right when the difference is below 1e-7, and wrong above."
    ),
    "epsilon = 1e-6 passes": "With epsilon = 1e-6 the check of the network passes.",
    "a smaller epsilon is worse": "The smaller epsilon is, the less the two gradients agree.",
    "kinks are the cause": "Spikes of the cost, or ReLU's kink, may be why the check just fails at 1e-7.",
    "the note's n-dimensional code": "The code of figure 26 tells a right gradient from a wrong one.",
    "batch, mini-batch and one": (
        "Stochastic descent is faster but swings; mini-batches are usually better than both extremes."
    ),
    "mini-batches of 16 to 128": "Mini-batches have 16, 32, 64 or 128 examples, powers of two.",
    "beta = 0 is plain descent": "With beta = 0 momentum is plain gradient descent.",
    "larger beta is smoother": "The larger beta, the smoother the updates; 0.8 to 0.999 is usual.",
    "momentum helps the speed": "Momentum generally helps the speed.",
    "momentum gains little here": "At a small learning rate on simple data momentum gains little.",
    "swings come from hard batches": "The swings of the cost come from mini-batches that are harder.",
    "Adam is faster": "Adam converges faster than gradient descent and momentum.",
    "all reach the same": "Given more epochs on simple data, all three reach good results.",
    "Adam needs little tuning": "Adam works well with little tuning, but for the learning rate.",
    "Adam's memory": "Adam needs little memory, though more than the other two.",
    "Adam is smoother": "Adam's cost curve is smoother.",
    "a good start": "A good start speeds descent up, and makes low errors in training and test likelier.",
    "biases may start at zero": "Weights must start from random numbers; biases may start at 0.",
    "Xavier's start is alike": "Xavier's start, randn * sqrt(1 / n[l-1]), is a similar way to He's.",
    "lambda by a dev set": "The best lambda can be found on a dev set.",
    "shuffled alike": "X and Y must be shuffled alike, or the labels no longer match.",
    "momentum damps the swings": "Momentum damps the swings that mini-batches bring.",
    "velocity builds up": "Velocity starts at 0 and builds up over some steps, for bigger steps.",
}

FINDINGS = {
    "zeros learn nothing": (
        "Cost {first:.4f} at the start and {last:.4f} after 15,000 iterations; {positive:.0%} of the "
        "answers "
        "are 1."
    ),
    "equal units stay equal": (
        "After training the units differ by {zeros:.1g} of their size from zeros and {constant:.1g} from "
        "weights that are all 0.3, by {he:.2f} from He's start."
    ),
    "equal units are linear": (
        "From equal weights of 0.3 the regions agree with a straight cut in {straight:.1%} of the plane "
        "(He's: {he:.1%}). From zeros the network is less than that: one answer for all, accuracy "
        "{zeros_accuracy:.0%}."
    ),
    "large weights cost much": (
        "First cost {first:,.0f} against {he:.2f} from He's start; {certain:.0%} of the outputs round to "
        "exactly 0 or 1, so that the note's formula gives infinity. Taken from Z it is finite."
    ),
    "scale of the start": (
        "Norm of the first dW1: {small_gradient:.1e} from randn*0.01, {he_gradient:.2f} from He's, "
        "{large_gradient:.0f} from randn*10; cost after 15,000 iterations {small:.3f}, {he:.3f}, "
        "{large:.3f}."
    ),
    "small random start": (
        "On four layers the cost ends at {small:.3f} from randn*0.01 and at {he:.3f} from He's start: at "
        "this depth 0.01 is nearly the zero start."
    ),
    "plain network overfits": (
        "Accuracy {train:.1%} in training and {test:.1%} in the test; the cost on test examples rose "
        "from {lowest:.3f} to {ends:.3f} while the one in training fell to {fitted:.3f}."
    ),
    "L2 smooths": "The boundary is {none:.2f} fields long without L2, {l2:.2f} with lambda = 0.7.",
    "much L2 makes a line": (
        "Like a straight cut in {line0:.1%} of the plane at lambda 0.7, {line1:.1%} at 10, {line2:.1%}"
        " at 20 "
        "(training accuracy {train0:.1%}, {train1:.1%}, {train2:.1%}); at 100 it is no line but one "
        "answer "
        "for all ({train3:.1%})."
    ),
    "L2 shrinks weights": "Norm of all weights {none:.1f} without, {l2:.1f} with lambda = 0.7.",
    "dropout at prediction hurts": (
        "Test accuracy {whole:.1%} with all units, {dropped:.1%} on average with units dropped; worse in "
        "{worse:.0%} of 400 passes."
    ),
    "dropout keeps the expectation": (
        "Mean activation after dropout over before: {ratio:.4f} with the division, {plain:.4f}"
        " without, at "
        "keep_prob = 0.86."
    ),
    "dropout divides backward too": (
        "dW1 is off from central differences by {divided:.1e} of its size with the division, by "
        "{undivided:.0%} without it."
    ),
    "one dimension passes": "The difference is {difference:.2e}.",
    "1e-7 tells right from wrong": (
        "The right gradient has {right:.3e}, above the threshold; the one with bugs {wrong:.3f}. The two "
        "are far apart, but 1e-7 is too strict here."
    ),
    "epsilon = 1e-6 passes": "The difference is then {difference:.2e}.",
    "a smaller epsilon is worse": (
        "So below {best_epsilon:.0e}, where the difference is {best:.1e}: {small:.1e} at 1e-12. Above "
        "it a "
        "larger epsilon is worse: {large:.1e} at 0.1."
    ),
    "kinks are the cause": (
        "No ReLU is nearer than {nearest:.2f} to its kink. From epsilon 1e-6 to 1e-9 the difference "
        "grows "
        "{growth:,.0f} times, as 1/epsilon does: it is the rounding of the cost."
    ),
    "the note's n-dimensional code": (
        "It takes J_minus at theta + epsilon too, so every slope is 0 and the difference is "
        "{right:.0f} for "
        "the right gradient and {wrong:.0f} for the wrong one."
    ),
    "batch, mini-batch and one": (
        "Passes to a cost of 0.3: {batch_passes:,.0f} with all examples, {mini_passes:,.0f} with 64, "
        "{one_passes:,.0f} with one; seconds {batch_seconds:.3f}, {mini_seconds:.3f}, "
        "{one_seconds:.3f}; mean "
        "change of the cost at the end {batch_swing:.1e}, {mini_swing:.1e}, {one_swing:.1e}."
    ),
    "mini-batches of 16 to 128": (
        "Passes to a cost of 0.3: {passes16:,.0f}, {passes32:,.0f}, {passes64:,.0f}, {passes128:,.0f}"
        " at one "
        "rate. Powers of two give nothing in themselves: 60 examples end at {cost60:.3f}, 64 at "
        "{cost64:.3f}."
    ),
    "beta = 0 is plain descent": "After 200 epochs no parameter differs by more than {apart:.1g}.",
    "larger beta is smoother": (
        "Cosine between one update and the next for beta 0, 0.5, 0.8, 0.9, 0.99, 0.999: {cosine0:.2f}, "
        "{cosine1:.2f}, {cosine2:.2f}, {cosine3:.2f}, {cosine4:.2f}, {cosine5:.3f}; cost at the end "
        "{cost0:.3f}, {cost1:.3f}, {cost2:.3f}, {cost3:.3f}, {cost4:.3f}, {cost5:.3f}."
    ),
    "momentum helps the speed": (
        "Passes to a cost of 0.3 without and with it: {gd_small:,.0f} and {momentum_small:,.0f} at rate "
        "0.02, {gd_large:,.0f} and {momentum_large:,.0f} at 0.2. With the note's factor (1 - beta) a "
        "step "
        "is as long as without momentum."
    ),
    "momentum gains little here": (
        "Cost {plain:.4f} without, {momentum:.4f} with momentum; accuracy {plain_accuracy:.2%} and "
        "{momentum_accuracy:.2%}."
    ),
    "swings come from hard batches": (
        "Mean change between records: {batch_swing:.4f} for the last mini-batch, {whole_swing:.4f}"
        " for all "
        "examples."
    ),
    "Adam is faster": (
        "Epochs to a cost of 0.45: {gd:,.0f} with gradient descent, {momentum:,.0f} with momentum, "
        "{adam:,.0f} with Adam."
    ),
    "all reach the same": (
        "After 50,000 epochs accuracy {gd_accuracy:.1%}, {momentum_accuracy:.1%} and "
        "{adam_accuracy:.1%}, "
        "cost {gd:.3f}, {momentum:.3f} and {adam:.3f}."
    ),
    "Adam needs little tuning": (
        "Over its betas and epsilon the cost after 3,000 epochs is {low:.3f} to {high:.3f}; over "
        "rates from "
        "7e-6 to 7e-3 it is {rate_low:.3f} to {rate_high:.3f}."
    ),
    "Adam's memory": (
        "Numbers for each parameter, with its gradient: {gd:.0f}, {momentum:.0f} and {adam:.0f}. More "
        "than "
        "the others, as the note says; twice plain descent's is not little."
    ),
    "Adam is smoother": (
        "For each unit that it comes down, the curve travels {gd:.1f} with gradient descent and "
        "{adam:.1f} "
        "with Adam; but from record to record it moves {gd_swing:.3f} and {adam_swing:.3f}."
    ),
    "a good start": (
        "Iterations to a cost of 0.5: {he_iterations:,.0f} from He's start, {small_iterations:,.0f} from "
        "randn*0.01, {large_iterations:,.0f} from randn*10; accuracy in training {he_train:.1%}, "
        "{small_train:.1%}, {large_train:.1%}, in the test {he_test:.1%}, {small_test:.1%}, "
        "{large_test:.1%}."
    ),
    "biases may start at zero": (
        "From He's weights the cost ends at {zero:.3f} with biases of 0 and at {drawn:.3f} with biases "
        "from randn."
    ),
    "Xavier's start is alike": (
        "Accuracy in training {xavier_train:.1%} and in the test {xavier_test:.1%}, cost {xavier:.3f}; "
        "He's: {he_train:.1%}, {he_test:.1%} and {he:.3f}."
    ),
    "lambda by a dev set": (
        "On a fifth of the training examples lambda = {lambd:g} has the lowest cost. On the test "
        "examples its cost is {chosen_cost:.3f} and its accuracy {chosen_accuracy:.1%}; without a "
        "penalty {none_cost:.3f} and {none_accuracy:.1%}."
    ),
    "shuffled alike": (
        "Test accuracy {alike:.1%} in one order, {apart:.1%} where Y is shuffled by another permutation "
        "than X."
    ),
    "momentum damps the swings": (
        "With mini-batches of 16 at one rate, the cost on all examples moves by {plain:.1e} from record "
        "to record at the end without momentum, {momentum:.1e} with beta = 0.9, {more:.1e} with 0.99."
    ),
    "velocity builds up": (
        "Beside plain descent the first step is {first:.2f} times as long, the tenth {tenth:.2f}, the "
        "longest of 60 {longest:.2f}: it builds up, but with the factor (1 - beta) to plain descent's "
        "steps and not to bigger ones."
    ),
}
