package mlconvert.runtime;

/** A way to score a forest. All engines give the same bits; they differ in the models that they fit, and in speed. */
abstract strictfp class Engine {
    final Forest forest;

    Engine(Forest forest) {
        this.forest = forest;
    }

    /** The fastest engine that takes the forest. */
    static Engine of(Forest forest) {
        return new PlainWalk(forest);
    }

    /** Finds the leaf that a row, from x[at] on, reaches in each tree: into {@code scratch.leaf}. */
    abstract void walk(double[] x, int at, Scratch scratch);

    /** Room for one thread. */
    abstract Scratch scratch();

    /** The margins of the row from x[at] on, into out[to] and the places after it. */
    void margins(double[] x, int at, double[] out, int to, Scratch scratch) {
        walk(x, at, scratch);
        if (forest.linear != null) {
            read(x, at, scratch.v);
        }
        int outputs = forest.header.outputs;
        for (int k = 0; k < outputs; k++) {
            out[to + k] = forest.header.baseAtEnd ? 0.0 : forest.base[k];
        }
        if (forest.header.width > 1) {
            addWide(out, to, scratch.leaf);
        } else {
            add(out, to, scratch);
        }
        for (int k = 0; forest.header.baseAtEnd && k < outputs; k++) {
            out[to + k] = sum(out[to + k], forest.base[k]);
        }
    }

    private void add(double[] out, int to, Scratch scratch) {
        for (int tree = 0; tree < forest.trees; tree++) {
            int leaf = scratch.leaf[tree];
            double value = forest.leafValue[leaf];
            if (forest.linear != null) {
                value = forest.linear.value(tree, leaf - forest.firstLeaf[tree], value, scratch.v);
            }
            int k = to + forest.treeOutput[tree];
            out[k] = sum(out[k], value);
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
