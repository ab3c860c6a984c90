package mlconvert.runtime;

import java.util.Arrays;

/**
 * Walks trees of any size, two levels at a time. A step is a node with its children: three questions in one long, and in two more what
 * the four ways lead to, a leaf or {@code ~step}. It has no branch that could be mispredicted, and no tree waits for another: all take a
 * step, then all that have not reached a leaf take one more, and so on. Where there are masks, they have found the regions to begin in.
 */
final class Walk extends Engine {
    private static final int LONGS = 3;
    /** Bits of a question. */
    private static final int WIDTH = Long.SIZE / 3;
    private static final int QUESTION = (1 << WIDTH) - 1;
    /** Regions of a tree: half of what a word holds takes half the time, and leaves little more to walk. */
    private static final int REGIONS = 32;

    private final Slot[] slots;
    private final Answers answers;
    private final Masks masks;
    /** The steps: first those that trees begin with, or with masks regions, by their bits. */
    private final long[] steps;

    private Walk(Slot[] slots, Answers answers, Masks masks, int[] roots, int[] stepOf, int count) {
        super(answers.forest);
        this.slots = slots;
        this.answers = answers;
        this.masks = masks;
        steps = new long[LONGS * count];
        for (int root = 0; root < roots.length; root++) {
            if (roots[root] < 0 && roots[root] != Regions.NONE) {
                put(root, roots[root], stepOf);
            }
        }
        for (int node = 0; node < stepOf.length; node++) {
            if (stepOf[node] >= 0) {
                put(stepOf[node], node, stepOf);
            }
        }
    }

    /** The engine, or null where it does not fit into so many bytes. */
    static Walk of(Forest forest, Slot[] slots, long budget) {
        Answers answers = Answers.of(forest, slots, budget);
        if (answers == null) {
            return null;
        }
        long left = budget - answers.bytes();
        int[] stepOf = new int[forest.nodes];
        if (4L * REGIONS * forest.trees < left) {
            Regions regions = new Regions(forest, REGIONS, 2);
            int count = number(forest, regions.target, stepOf);
            Masks masks = Masks.of(slots, regions, left - 8L * LONGS * count);
            if (masks != null) {
                return new Walk(slots, answers, masks, regions.target, stepOf, count);
            }
        }
        int[] roots = new int[forest.trees];
        for (int tree = 0; tree < roots.length; tree++) {
            roots[tree] = forest.root(tree);
        }
        int count = number(forest, roots, stepOf);
        return 8L * LONGS * count > left ? null : new Walk(slots, answers, null, roots, stepOf, count);
    }

    /** Numbers the nodes that begin a step: the roots, and every second level below them. The others have -1. */
    private static int number(Forest forest, int[] roots, int[] stepOf) {
        Arrays.fill(stepOf, -1);
        for (int root = 0; root < roots.length; root++) {
            if (roots[root] >= 0) {
                stepOf[roots[root]] = root;
            }
        }
        int count = roots.length;
        for (int node = 0; node < stepOf.length; node++) {
            for (int way = 0; way < 4 && stepOf[node] >= 0; way++) {
                int to = after(forest, after(forest, node, way >> 1), way & 1);
                if (to >= 0) {
                    stepOf[to] = count++;
                }
            }
        }
        return count;
    }

    /** The child of a node on the left (0) or right (1); a leaf stays what it is. */
    private static int after(Forest forest, int what, int right) {
        return what < 0 ? what : (right == 0 ? forest.left : forest.right)[what];
    }

    private void put(int step, int what, int[] stepOf) {
        int left = after(forest, what, 0);
        int right = after(forest, what, 1);
        steps[LONGS * step] = question(what) << 2 * WIDTH | question(right) << WIDTH | question(left);
        for (int way = 0; way < 4; way++) {
            int to = after(forest, way < 2 ? left : right, way & 1);
            long end = to < 0 ? ~to : ~stepOf[to] & 0xFFFFFFFFL;
            steps[LONGS * step + 1 + way / 2] |= end << 32 * (way & 1);
        }
    }

    private long question(int what) {
        return what < 0 ? 0 : answers.question(what);
    }

    @Override
    long tableBytes() {
        return Slot.bytes(slots) + answers.bytes() + 8L * steps.length + (masks == null ? 0 : masks.bytes());
    }

    @Override
    Scratch scratch() {
        return new Scratch(forest, slots.length, answers.words(), masks == null ? 0 : masks.words);
    }

    @Override
    void walk(double[] x, int at, Scratch scratch) {
        int[] leaf = scratch.leaf;
        Slot.rank(slots, x, at, scratch.cell);
        answers.answer(scratch.cell, scratch.answers);
        if (masks != null) {
            masks.find(scratch);
        }
        for (int tree = 0; tree < leaf.length; tree++) {
            leaf[tree] = ~(masks == null ? tree : Masks.lowest(scratch.possible, tree * REGIONS));
            scratch.pending[tree] = tree;
        }
        int pending = leaf.length;
        while (pending > 0) {
            pending = goOn(pending, scratch.pending, leaf, scratch.answers, scratch.asked);
        }
    }

    /** Takes a step in each tree that has not reached a leaf, and says in how many that is still so. */
    private int goOn(int count, int[] pending, int[] leaf, long[] answers, long[] asked) {
        // a loop of its own, and so short that a core waits for many steps from far memory at once
        for (int i = 0; i < count; i++) {
            asked[i] = steps[LONGS * ~leaf[pending[i]]];
        }
        int left = 0;
        for (int i = 0; i < count; i++) {
            int tree = pending[i];
            long questions = asked[i];
            int first = answer((int) (questions >>> 2 * WIDTH), answers);
            int second = answer((int) (questions >>> (-first & WIDTH)) & QUESTION, answers);
            int end = (int) (steps[LONGS * ~leaf[tree] + 1 + first] >>> 32 * second);
            leaf[tree] = end;
            pending[left] = tree;
            left += end >>> 31;
        }
        return left;
    }

    private static int answer(int question, long[] answers) {
        return (int) (answers[question >> 6] >>> question) & 1;
    }
}
