package mlconvert.runtime;

/** The room that one thread needs to score a row with one engine, so that scoring allocates nothing. */
final class Scratch {
    /** The values that were read, by column. */
    final double[] v;
    /** The leaf that each tree reached, among all leaves. */
    final int[] leaf;
    /** The margins of a row, before the link. */
    final double[] margin;
    /** The cell of each slot's value. */
    final int[] cell;
    /** What a walk compares, by slot and decision. */
    int[] code;
    /** The regions that each tree may still reach. */
    final long[] possible;
    /** The rows that are to be combined. */
    final long[][] rows;

    Scratch(Forest forest, int slots, int words) {
        v = new double[forest.columns];
        leaf = new int[forest.trees];
        margin = new double[forest.header.outputs];
        cell = new int[slots];
        possible = new long[words];
        rows = new long[(slots + Masks.TOGETHER - 1) / Masks.TOGETHER * Masks.TOGETHER][];
    }
}
