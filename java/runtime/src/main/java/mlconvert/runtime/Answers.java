package mlconvert.runtime;

/**
 * The questions that a forest asks, numbered; and a row's answers, a bit each: 1 for right. A column's questions of one decision are a
 * run of bits from a word's beginning on. Those of a comparison are all yes up to the value's rank, so the cell makes their words; those
 * of a test for membership are copied from a table.
 */
final class Answers {
    /** A question has a number of 21 bits. */
    private static final int MOST_WORDS = (1 << 21) / Long.SIZE;

    final Forest forest;
    private final Slot[] slots;
    /** Of each column and decision its run. */
    private final int[] runOf;
    /** Of each run its slot, its first word (one more entry ends the last), and how many ones NaN and zero have. */
    private final int[] slotOf;
    private final int[] first;
    private final int[] nan;
    private final int[] zero;
    private final Decision[] decision;
    /** Of a run of tests, the words for each of the slot's cells. */
    private final long[][][] table;
    private int runs;

    private Answers(Forest forest, Slot[] slots) {
        this.forest = forest;
        this.slots = slots;
        Decision[] decisions = forest.header.decisions;
        runOf = new int[forest.columns * decisions.length];
        for (int node = 0; node < forest.nodes; node++) {
            runOf[key(node)] = -1;
        }
        slotOf = new int[slots.length * decisions.length];
        first = new int[slotOf.length + 1];
        nan = new int[slotOf.length];
        zero = new int[slotOf.length];
        decision = new Decision[slotOf.length];
        table = new long[slotOf.length][][];
        for (int s = 0; s < slots.length; s++) {
            for (int d = 0; d < decisions.length; d++) {
                if (runOf[slots[s].column * decisions.length + d] < 0) {
                    runOf[slots[s].column * decisions.length + d] = runs;
                    slotOf[runs] = s;
                    begin(slots[s], decisions[d]);
                }
            }
        }
    }

    /** The answers of a forest, or null where there are too many questions, or tables of so many bytes do not suffice. */
    static Answers of(Forest forest, Slot[] slots, long budget) {
        // a header may list any number of decisions
        if (28L * forest.columns * forest.header.decisions.length > budget) {
            return null;
        }
        Answers made = new Answers(forest, slots);
        if (made.words() > MOST_WORDS || made.bytes() > budget) {
            return null;
        }
        for (int run = 0; run < made.runs; run++) {
            if (slots[made.slotOf[run]].isMember) {
                made.fill(run);
            }
        }
        return made;
    }

    private void begin(Slot slot, Decision how) {
        int questions = slot.isMember ? sets(slot) : slot.top;
        nan[runs] = !how.nanIsMissing ? slot.rankOfZero() : how.defaultLeft ? 0 : slot.top;
        zero[runs] = !how.zeroIsMissing ? slot.rankOfZero() : how.defaultLeft ? 0 : slot.top;
        first[runs + 1] = first[runs] + questions / Long.SIZE + 1;
        decision[runs++] = how;
    }

    private int sets(Slot slot) {
        return forest.setStart[slot.column + 1] - forest.setStart[slot.column];
    }

    /** Answers the tests of a run for each cell of its slot. */
    private void fill(int run) {
        Slot slot = slots[slotOf[run]];
        Decision how = decision[run];
        int sets = sets(slot);
        table[run] = new long[slot.end() - slot.first][first[run + 1] - first[run]];
        for (int cell = slot.first; cell < slot.end(); cell++) {
            double v = slot.representative(cell);
            for (int set = 0; set < sets; set++) {
                boolean isMember = forest.isMember(forest.setStart[slot.column] + set, how.category(v));
                boolean left = v != v ? how.defaultLeft : isMember == how.membersLeft;
                table[run][cell - slot.first][set / Long.SIZE] |= left ? 0 : 1L << set;
            }
        }
    }

    long bytes() {
        long bytes = 4L * runOf.length + 24L * slotOf.length;
        for (int run = 0; run < runs; run++) {
            Slot slot = slots[slotOf[run]];
            bytes += slot.isMember ? (slot.end() - slot.first) * (8L * (first[run + 1] - first[run]) + 24) : 0;
        }
        return bytes;
    }

    private int key(int node) {
        return forest.column[node] * forest.header.decisions.length + forest.decision[node];
    }

    int words() {
        return first[runs];
    }

    /** The number of a node's question. */
    int question(int node) {
        return first[runOf[key(node)]] * Long.SIZE + forest.rank[node];
    }

    /** Answers all questions for the cells of a row. */
    void answer(int[] cells, long[] answers) {
        for (int run = 0; run < runs; run++) {
            Slot slot = slots[slotOf[run]];
            int cell = cells[slotOf[run]];
            int from = first[run];
            int to = first[run + 1];
            if (table[run] != null) {
                System.arraycopy(table[run][cell - slot.first], 0, answers, from, to - from);
            } else {
                int ones = cell == slot.nanCell() ? nan[run] : cell == slot.zeroCell() ? zero[run] : cell - slot.first;
                for (int w = from, bound = Long.SIZE - 1; w < to; w++, bound += Long.SIZE) {
                    answers[w] = bound - ones >> 31;
                }
                answers[from + (ones >> 6)] = (1L << ones) - 1;
            }
        }
    }
}
