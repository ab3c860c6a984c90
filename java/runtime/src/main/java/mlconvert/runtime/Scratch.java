package mlconvert.runtime;

/** The room that one thread needs to score a row with one engine, so that scoring allocates nothing. */
final class Scratch {
    /** The values that were read, by column. */
    final double[] v;
    /** The leaf that each tree reached, among all leaves. */
    final int[] leaf;
    /** The margins of a row, before the link. */
    final double[] margin;

    Scratch(Forest forest) {
        v = new double[forest.columns];
        leaf = new int[forest.trees];
        margin = new double[forest.header.outputs];
    }
}
