package mlconvert.runtime;

/**
 * Walks trees of any size, a node being one long: its question in the upper half, its left child in the lower one, with the right
 * child behind that. A step has no branch to mispredict. Where there are masks, they have found the region to begin in.
 */
final class Walk extends Engine {
    /** A question about membership, which has a branch of its own. */
    private static final long MEMBER = Long.MIN_VALUE;
    /** Steps are taken without looking whether a leaf is reached, up to where so little of the weight goes on. */
    private static final double SELDOM = Double.parseDouble(System.getProperty("seldom", "0.05"));
    private static final int NAN = Integer.MIN_VALUE;

    private final Slot[] slots;
    final Masks masks;
    private final int decisions;
    private final int rankBits;
    /** For each slot and decision, what stands for NaN and zero among the ranks. */
    private final int[] nanCode;
    private final int[] zeroCode;
    /** First the trees' roots, or with masks the regions' roots by their bits; behind them pairs of children. */
    private final long[] node;
    /** The question of a leaf: one that always leads left, to itself. Its lower bits number the leaf within its tree. */
    private final int leafQuestion;
    final int steps;

    private Walk(Forest forest, Slot[] slots, Masks masks, int rankBits) {
        super(forest);
        this.slots = slots;
        this.masks = masks;
        this.rankBits = rankBits;
        decisions = forest.header.decisions.length;
        nanCode = new int[slots.length * decisions];
        zeroCode = new int[slots.length * decisions];
        for (int s = 0; s < slots.length; s++) {
            for (int d = 0; d < decisions; d++) {
                Decision how = forest.header.decisions[d];
                int usual = how.defaultLeft ? 0 : slots[s].top;
                int zero = slots[s].rankOfZero();
                nanCode[s * decisions + d] = slots[s].isMember ? NAN : how.nanIsMissing ? usual : zero;
                zeroCode[s * decisions + d] = how.zeroIsMissing ? usual : zero;
            }
        }
        leafQuestion = nanCode.length << rankBits;
        int roots = masks == null ? forest.trees : masks.regions.target.length;
        node = new long[roots + forest.nodes + forest.leaves - forest.trees];
        steps = layOut(roots);
    }

    /** The walk of a forest, or null where its nodes do not fit into longs. */
    static Walk of(Forest forest, Slot[] slots, Masks masks) {
        int most = forest.mostLeaves();
        for (Slot slot : slots) {
            most = Math.max(most, Math.max(slot.top, forest.setStart[slot.column + 1] - forest.setStart[slot.column]));
        }
        int rankBits = 32 - Integer.numberOfLeadingZeros(most);
        long questions = (long) slots.length * forest.header.decisions.length + 1 << rankBits;
        boolean fits = questions < 1L << 31 && (long) forest.nodes + forest.leaves <= Integer.MAX_VALUE;
        return fits ? new Walk(forest, slots, masks, rankBits) : null;
    }

    /** Places the nodes, and says how many steps bring nearly all of the weight to a leaf. */
    private int layOut(int roots) {
        double[] weight = Regions.weights(forest);
        double[] atDepth = new double[forest.mostLeaves() + 1];
        int next = roots;
        for (int tree = 0; tree < forest.trees; tree++) {
            int from = masks == null ? tree : masks.regions.field[tree];
            for (int at = from; at < from + (masks == null ? 1 : masks.regions.bits); at++) {
                int root = masks == null ? forest.root(tree) : masks.regions.target[at];
                next = root == Regions.NONE ? next : layOut(tree, root, at, next, weight, atDepth);
            }
        }
        double deeper = 0;
        for (double w : atDepth) {
            deeper += w;
        }
        double few = SELDOM * deeper;
        int depth = 0;
        for (deeper -= atDepth[0]; deeper > few; depth++) {
            deeper -= atDepth[depth + 1];
        }
        return depth;
    }

    /** Places a tree or region, depth first, its root at one place and what is below from another on; the place behind it. */
    private int layOut(int tree, int root, int place, int from, double[] weight, double[] atDepth) {
        // what is to be placed: what it is, where, and how deep; a stack, since trees can be deeper than Java's
        int[] stack = new int[3 * (atDepth.length + 1)];
        int top = push(stack, 0, root, place, 0);
        int next = from;
        while (top > 0) {
            top -= 3;
            int what = stack[top];
            int at = stack[top + 1];
            int depth = stack[top + 2];
            if (what < 0) {
                node[at] = (long) (leafQuestion | ~what - forest.firstLeaf[tree]) << 32 | at;
                atDepth[depth] += Regions.weight(forest, weight, what);
            } else {
                node[at] = question(what) << 32 | next;
                top = push(stack, top, forest.right[what], next + 1, depth + 1);
                top = push(stack, top, forest.left[what], next, depth + 1);
                next += 2;
            }
        }
        return next;
    }

    private static int push(int[] stack, int top, int what, int at, int depth) {
        stack[top] = what;
        stack[top + 1] = at;
        stack[top + 2] = depth;
        return top + 3;
    }

    private long question(int n) {
        int s = 0;
        while (slots[s].column != forest.column[n]) {
            s++;
        }
        long code = (long) s * decisions + forest.decision[n];
        return (slots[s].isMember ? MEMBER >>> 32 : 0) | code << rankBits | forest.rank[n];
    }

    @Override
    Scratch scratch() {
        Scratch scratch = new Scratch(forest, slots.length, masks == null ? 0 : masks.regions.words);
        scratch.code = new int[nanCode.length + 1];
        return scratch;
    }

    @Override
    void walk(double[] x, int at, Scratch scratch) {
        if (masks == null) {
            for (int s = 0; s < slots.length; s++) {
                scratch.cell[s] = slots[s].cell(x[at + slots[s].column]);
            }
        } else {
            masks.find(x, at, scratch);
        }
        encode(x, at, scratch);
        int[] code = scratch.code;
        int tree = 0;
        for (; tree + 7 < forest.trees; tree += 8) {
            int a = root(tree + 0, scratch);
            int b = root(tree + 1, scratch);
            int c = root(tree + 2, scratch);
            int d = root(tree + 3, scratch);
            int e = root(tree + 4, scratch);
            int f = root(tree + 5, scratch);
            int g = root(tree + 6, scratch);
            int h = root(tree + 7, scratch);
            for (int step = 0; step < steps; step++) {
                a = next(a, code);
                b = next(b, code);
                c = next(c, code);
                d = next(d, code);
                e = next(e, code);
                f = next(f, code);
                g = next(g, code);
                h = next(h, code);
            }
            scratch.leaf[tree + 0] = leaf(tree + 0, a, code);
            scratch.leaf[tree + 1] = leaf(tree + 1, b, code);
            scratch.leaf[tree + 2] = leaf(tree + 2, c, code);
            scratch.leaf[tree + 3] = leaf(tree + 3, d, code);
            scratch.leaf[tree + 4] = leaf(tree + 4, e, code);
            scratch.leaf[tree + 5] = leaf(tree + 5, f, code);
            scratch.leaf[tree + 6] = leaf(tree + 6, g, code);
            scratch.leaf[tree + 7] = leaf(tree + 7, h, code);
        }
        for (; tree < forest.trees; tree++) {
            scratch.leaf[tree] = leaf(tree, root(tree, scratch), code);
        }
    }

    private int root(int tree, Scratch scratch) {
        return masks == null ? tree : masks.regions.reached(tree, scratch.possible);
    }

    /** Goes on to the leaf from where the steps have led. */
    private int leaf(int tree, int from, int[] code) {
        int place = from;
        while ((node[place] >>> 32) < leafQuestion || node[place] < 0) {
            place = next(place, code);
        }
        return forest.firstLeaf[tree] + ((int) (node[place] >>> 32) - leafQuestion);
    }

    /** What each slot's value is to each decision: a number of thresholds below it, or a category. */
    private void encode(double[] x, int at, Scratch scratch) {
        for (int s = 0, i = 0; s < slots.length; s++) {
            Slot slot = slots[s];
            int cell = scratch.cell[s];
            int plain = slot.isMember && cell != slot.nanCell() ? slot.category(forest.read(x[at + slot.column])) : cell - slot.first;
            for (int d = 0; d < decisions; d++, i++) {
                scratch.code[i] = cell == slot.nanCell() ? nanCode[i] : cell == slot.zeroCell() ? zeroCode[i] : plain;
            }
        }
    }

    private int next(int place, int[] code) {
        long n = node[place];
        int question = (int) (n >>> 32);
        if (n < 0) {
            return (int) n + (goesLeft(question & Integer.MAX_VALUE, code) ? 0 : 1);
        }
        return (int) n + ((question & (1 << rankBits) - 1) - code[question >>> rankBits] >>> 31);
    }

    private boolean goesLeft(int question, int[] code) {
        int which = question >>> rankBits;
        Decision how = forest.header.decisions[which % decisions];
        int set = forest.setStart[slots[which / decisions].column] + (question & (1 << rankBits) - 1);
        return code[which] == NAN ? how.defaultLeft : forest.isMember(set, code[which]) == how.membersLeft;
    }
}
