package mlconvert.runtime;

import java.util.Arrays;

/** Scores forests of at most 64 leaves a tree: the regions of the masks are the leaves. */
final strictfp class LeafMasks extends Engine {
    private final Masks masks;
    private final int bits;
    /** The leaves' values by their bits; where there is no leaf, what adds nothing: -0.0. Floats where sums are. */
    private final double[] value;
    private final float[] floatValue;

    LeafMasks(Forest forest, Masks masks) {
        super(forest);
        this.masks = masks;
        bits = masks.regions.bits;
        boolean alone = forest.header.width == 1;
        value = new double[alone && !forest.header.sumsFloat ? masks.regions.target.length : 0];
        floatValue = new float[alone && forest.header.sumsFloat ? masks.regions.target.length : 0];
        Arrays.fill(value, -0.0);
        Arrays.fill(floatValue, -0f);
        for (int bit = 0; bit < masks.regions.target.length; bit++) {
            int leaf = ~masks.regions.target[bit];
            if (leaf != ~Regions.NONE && value.length > 0) {
                value[bit] = forest.leafValue[leaf];
            } else if (leaf != ~Regions.NONE && floatValue.length > 0) {
                floatValue[bit] = (float) forest.leafValue[leaf];
            }
        }
    }

    @Override
    Scratch scratch() {
        return masks.scratch();
    }

    @Override
    void walk(double[] x, int at, Scratch scratch) {
        masks.find(x, at, scratch);
        for (int tree = 0; tree < forest.trees; tree++) {
            scratch.leaf[tree] = ~masks.regions.target[masks.regions.reached(tree, scratch.possible)];
        }
    }

    @Override
    void margins(double[] x, int at, double[] out, int to, Scratch scratch) {
        if (forest.header.width > 1 || forest.linear != null) {
            super.margins(x, at, out, to, scratch);
            return;
        }
        masks.find(x, at, scratch);
        boolean atEnd = forest.header.baseAtEnd;
        for (int k = 0; k < forest.header.outputs; k++) {
            double base = forest.base[k];
            double sum = total(k, atEnd ? 0.0 : base, scratch.possible);
            out[to + k] = atEnd ? sum(sum, base) : sum;
        }
    }

    private double total(int output, double start, long[] possible) {
        int from = masks.regions.wordStart[output];
        int to = masks.regions.wordStart[output + 1];
        return forest.header.sumsFloat ? floats(from, to, (float) start, possible) : doubles(from, to, start, possible);
    }

    private double doubles(int from, int to, double start, long[] possible) {
        double sum = start;
        for (int word = from; word < to; word++) {
            long fields = possible[word];
            for (int bit = 0; bit < Regions.WORD; bit += bits) {
                sum += value[word * Regions.WORD + bit + Long.numberOfTrailingZeros(fields >>> bit)];
            }
        }
        return sum;
    }

    private float floats(int from, int to, float start, long[] possible) {
        float sum = start;
        for (int word = from; word < to; word++) {
            long fields = possible[word];
            for (int bit = 0; bit < Regions.WORD; bit += bits) {
                sum += floatValue[word * Regions.WORD + bit + Long.numberOfTrailingZeros(fields >>> bit)];
            }
        }
        return sum;
    }
}
