package mlconvert.runtime;

/** Scores forests of at most 64 leaves a tree: the regions of the masks are the leaves. */
final strictfp class LeafMasks extends Engine {
    private final Masks masks;
    private final int bits;
    private final int[] target;
    /** The leaves by their bits. */
    /** The leaves' values by their bits; none where leaves have more than one. */
    private final double[] value;

    private LeafMasks(Forest forest, Regions regions, Masks masks) {
        super(forest);
        this.masks = masks;
        bits = regions.bits;
        target = regions.target;
        value = new double[forest.header.width > 1 ? 0 : target.length];
        for (int bit = 0; bit < value.length; bit++) {
            value[bit] = target[bit] == Regions.NONE ? 0 : forest.leafValue[~target[bit]];
        }
    }

    /** The engine, or null where a tree has too many leaves, or the tables do not fit into so many bytes or do not pay. */
    static LeafMasks of(Forest forest, Slot[] slots, long budget) {
        int most = forest.mostLeaves();
        if (most > Regions.WORD) {
            return null;
        }
        Regions regions = new Regions(forest, Integer.highestOneBit(2 * most - 1), 0);
        Masks masks = Masks.of(slots, regions, budget - 12L * regions.target.length);
        return masks == null ? null : new LeafMasks(forest, regions, masks);
    }

    @Override
    long tableBytes() {
        return Slot.bytes(masks.slots) + masks.bytes() + 8L * value.length + 4L * target.length;
    }

    @Override
    Scratch scratch() {
        return new Scratch(forest, masks.slots.length, 0, masks.words);
    }

    @Override
    void walk(double[] x, int at, Scratch scratch) {
        find(x, at, scratch);
        for (int tree = 0; tree < forest.trees; tree++) {
            scratch.leaf[tree] = ~target[Masks.lowest(scratch.possible, tree * bits)];
        }
    }

    private void find(double[] x, int at, Scratch scratch) {
        Slot.rank(masks.slots, x, at, scratch.cell);
        masks.find(scratch);
    }

    @Override
    void add(double[] x, int at, double[] out, int to, Scratch scratch) {
        if (forest.header.width > 1 || forest.linear != null) {
            super.add(x, at, out, to, scratch);
            return;
        }
        find(x, at, scratch);
        if (forest.header.outputs > 1) {
            each(out, to, scratch.possible);
        } else {
            out[to] = forest.header.sumsFloat ? floats((float) out[to], scratch.possible) : doubles(out[to], scratch.possible);
        }
    }

    private void each(double[] out, int to, long[] possible) {
        for (int tree = 0; tree < forest.trees; tree++) {
            int k = to + forest.treeOutput[tree];
            out[k] = sum(out[k], value[Masks.lowest(possible, tree * bits)]);
        }
    }

    private double doubles(double start, long[] possible) {
        double sum = start;
        for (int tree = 0; tree < forest.trees; tree++) {
            sum += value[Masks.lowest(possible, tree * bits)];
        }
        return sum;
    }

    private float floats(float start, long[] possible) {
        float sum = start;
        for (int tree = 0; tree < forest.trees; tree++) {
            sum += (float) value[Masks.lowest(possible, tree * bits)];
        }
        return sum;
    }
}
