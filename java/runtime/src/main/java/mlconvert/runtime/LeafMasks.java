package mlconvert.runtime;

/** Scores forests of at most 64 leaves a tree: the regions of the masks are the leaves. */
final strictfp class LeafMasks extends Engine {
    private final Masks masks;
    private final int bits;
    /** The leaves by their bits, and their values; none where a leaf has several. */
    private final int[] target;
    private final double[] value;
    /** The first bits of the trees, output by output; and where in them each output's begin, one more entry ends the last. */
    private final int[] field;
    private final int[] start;

    private LeafMasks(Forest forest, Regions regions, Masks masks) {
        super(forest);
        this.masks = masks;
        bits = regions.bits;
        target = regions.target;
        value = new double[forest.header.width > 1 ? 0 : target.length];
        for (int bit = 0; bit < value.length; bit++) {
            value[bit] = target[bit] == Regions.NONE ? 0 : forest.leafValue[~target[bit]];
        }
        int[] trees = new int[forest.header.outputs];
        for (int output : forest.treeOutput) {
            trees[output]++;
        }
        start = Forest.starts(trees);
        field = new int[forest.trees];
        for (int tree = forest.trees - 1; tree >= 0; tree--) {
            int output = forest.treeOutput[tree];
            field[start[output] + --trees[output]] = tree * bits;
        }
    }

    /** The engine, or null where a tree has too many leaves, or the tables do not fit into so many bytes or do not pay. */
    static LeafMasks of(Forest forest, Slot[] slots, long budget) {
        int most = forest.mostLeaves();
        int bits = Integer.highestOneBit(2 * most - 1);
        long own = 12L * bits * forest.trees + 4L * (forest.trees + forest.header.outputs);
        if (most > Regions.WORD || own > budget) {
            return null;
        }
        Regions regions = new Regions(forest, bits, 0);
        Masks masks = Masks.of(slots, regions, budget - own);
        return masks == null ? null : new LeafMasks(forest, regions, masks);
    }

    @Override
    long tableBytes() {
        return Slot.bytes(masks.slots) + masks.bytes() + 8L * value.length + 4L * (target.length + field.length + start.length);
    }

    @Override
    Scratch scratch() {
        return new Scratch(forest, masks.slots.length, 0, masks.words);
    }

    private void find(double[] x, int at, Scratch scratch) {
        Slot.rank(masks.slots, x, at, scratch.cell);
        masks.find(scratch);
    }

    @Override
    void walk(double[] x, int at, Scratch scratch) {
        find(x, at, scratch);
        for (int tree = 0; tree < forest.trees; tree++) {
            scratch.leaf[tree] = ~target[Masks.lowest(scratch.possible, tree * bits)];
        }
    }

    @Override
    void add(double[] x, int at, double[] out, int to, Scratch scratch) {
        if (forest.header.width > 1 || forest.linear != null) {
            super.add(x, at, out, to, scratch);
            return;
        }
        find(x, at, scratch);
        for (int k = 0; k < forest.header.outputs; k++) {
            double begin = out[to + k];
            out[to + k] = forest.header.sumsFloat ? floats(k, (float) begin, scratch.possible) : doubles(k, begin, scratch.possible);
        }
    }

    private double doubles(int output, double begin, long[] possible) {
        double sum = begin;
        for (int i = start[output]; i < start[output + 1]; i++) {
            sum += value[Masks.lowest(possible, field[i])];
        }
        return sum;
    }

    private float floats(int output, float begin, long[] possible) {
        float sum = begin;
        for (int i = start[output]; i < start[output + 1]; i++) {
            sum += (float) value[Masks.lowest(possible, field[i])];
        }
        return sum;
    }
}
