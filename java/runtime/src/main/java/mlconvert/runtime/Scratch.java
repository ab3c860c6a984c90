package mlconvert.runtime;

/** The room that one thread needs to score a row with one engine, so that scoring allocates nothing. */
final class Scratch {
    /** The values that were read, by column. */
    final double[] v;
    /** The leaf that each tree has reached, or on the way where it is. */
    final int[] leaf;
    /** The margins of a row, before the link. */
    final double[] margin;
    /** The cell of each slot's value. */
    final int[] cell;
    /** The answers to all questions. */
    final long[] answers;
    /** The trees that have not reached a leaf. */
    final int[] pending;
    /** What their next steps ask. */
    final long[] asked;
    /** The regions that each tree may still reach. */
    final long[] possible;
    /** The rows that are to be combined. */
    final long[][] rows;

    Scratch(Forest forest, int slots, int answerWords, int regionWords) {
        v = new double[forest.columns];
        leaf = new int[forest.trees];
        margin = new double[forest.header.outputs];
        cell = new int[slots];
        answers = new long[answerWords];
        pending = new int[answerWords > 0 ? forest.trees : 0];
        asked = new long[pending.length];
        possible = new long[regionWords];
        rows = new long[(slots + Masks.TOGETHER - 1) / Masks.TOGETHER * Masks.TOGETHER][];
    }
}
