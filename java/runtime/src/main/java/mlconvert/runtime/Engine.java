package mlconvert.runtime;

/**
 * A way to score a forest. All engines give the same bits; they differ in the forests that they fit, and in speed. An engine does
 * not change, and any number of threads may use it, each with a scratch of its own.
 */
abstract strictfp class Engine {
    private static final long SMALL = 8 << 20;

    final Forest forest;

    Engine(Forest forest) {
        this.forest = forest;
    }

    /** The fastest engine whose tables take at most 8 MB, or for a larger forest twice its bytes. */
    static Engine of(Forest forest) {
        return of(forest, Math.max(SMALL, 2L * forest.bytes));
    }

    /** The fastest engine whose tables take at most so many bytes. */
    static Engine of(Forest forest, long budget) {
        Slot[] slots = Slot.of(forest, budget);
        if (slots == null) {
            return new PlainWalk(forest);
        }
        long left = budget - Slot.bytes(slots);
        Engine engine = LeafMasks.of(forest, slots, left);
        engine = engine == null ? Walk.of(forest, slots, left) : engine;
        return engine == null ? new PlainWalk(forest) : engine;
    }

    /** The heap that the engine takes beside the forest's own arrays. */
    abstract long tableBytes();

    /** Room for one thread. */
    abstract Scratch scratch();

    /** Finds the leaf that the row from x[at] on reaches in each tree, among all leaves: into {@code scratch.leaf}. */
    abstract void walk(double[] x, int at, Scratch scratch);

    /** The margins of the row from x[at] on, into out[to] and the places after it. */
    final void margins(double[] x, int at, double[] out, int to, Scratch scratch) {
        int outputs = forest.header.outputs;
        boolean atEnd = forest.header.baseAtEnd;
        for (int k = 0; k < outputs; k++) {
            out[to + k] = atEnd ? 0.0 : forest.base[k];
        }
        add(x, at, out, to, scratch);
        for (int k = 0; atEnd && k < outputs; k++) {
            out[to + k] = sum(out[to + k], forest.base[k]);
        }
    }

    /** Adds the trees' values to what is in out[to] and the places after it. */
    void add(double[] x, int at, double[] out, int to, Scratch scratch) {
        walk(x, at, scratch);
        if (forest.header.width > 1) {
            addWide(out, to, scratch.leaf);
        } else if (forest.linear != null) {
            read(x, at, scratch.v);
            addLinear(out, to, scratch);
        } else if (forest.header.outputs > 1) {
            addEach(out, to, scratch.leaf);
        } else {
            double sum = out[to];
            for (int leaf : scratch.leaf) {
                sum = sum(sum, forest.leafValue[leaf]);
            }
            out[to] = sum;
        }
    }

    private void addEach(double[] out, int to, int[] leaves) {
        for (int tree = 0; tree < leaves.length; tree++) {
            int k = to + forest.treeOutput[tree];
            out[k] = sum(out[k], forest.leafValue[leaves[tree]]);
        }
    }

    private void addWide(double[] out, int to, int[] leaves) {
        int width = forest.header.width;
        for (int leaf : leaves) {
            for (int k = 0; k < width; k++) {
                out[to + k] = sum(out[to + k], forest.leafValue[leaf * width + k]);
            }
        }
    }

    private void addLinear(double[] out, int to, Scratch scratch) {
        for (int tree = 0; tree < forest.trees; tree++) {
            int leaf = scratch.leaf[tree];
            int k = to + forest.treeOutput[tree];
            double plain = forest.leafValue[leaf];
            out[k] = sum(out[k], forest.linear.value(tree, leaf - forest.firstLeaf[tree], plain, scratch.v));
        }
    }

    /** A float32 sum is the float64 sum of floats, rounded: with 53 bits the second rounding cannot differ from the first. */
    final double sum(double a, double b) {
        return forest.header.sumsFloat ? (float) (a + b) : a + b;
    }

    /** Reads the row from x[at] on. */
    final void read(double[] x, int at, double[] v) {
        for (int column = 0; column < v.length; column++) {
            v[column] = forest.read(x[at + column]);
        }
    }
}
