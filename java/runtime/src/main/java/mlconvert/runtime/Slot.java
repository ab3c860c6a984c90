package mlconvert.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A column that the forest asks, with the cells that its values fall into: values of one cell go the same way at every node.
 *
 * <p>A column that is compared has a cell for each number of thresholds below the value, one more for NaN and one for zero. A column
 * that is tested for membership has a cell for each category, one for all that are in no set, and one for NaN.
 */
final class Slot {
    /** So many thresholds in a bucket are counted at once. */
    private static final int FEW = 3;
    private static final int MOST_BUCKETS = 4096;

    final int column;
    /** The number of the first cell among those of all slots. */
    final int first;
    /** How many thresholds there are, or categories in any set. */
    final int top;
    final boolean isMember;
    private final Decision decision;
    private final boolean readsFloat;
    private final boolean hasZeroCell;
    private final double zero;
    /** The thresholds, and behind them what a search beyond their end may meet. */
    private double[] threshold = {};
    /** The last rank that a value can have: infinity is no more than an infinite threshold. */
    private int most;
    /** What makes a bucket of a value. */
    private double low;
    private double scale;
    /** The first stride of the search in a bucket. */
    private int half;
    /** How many thresholds lie before each bucket; or of each category its number among those that are in any set. */
    private int[] start;
    /** The categories that are in any set, by their numbers. */
    private int[] known = {};

    Slot(Forest forest, int column, int first, Decision decision, boolean hasZeroCell) {
        this.column = column;
        this.first = first;
        this.decision = decision;
        this.hasZeroCell = hasZeroCell;
        isMember = decision.isMember;
        readsFloat = forest.header.readsFloat;
        zero = forest.header.zero;
        if (isMember) {
            start = new int[32 * mostWords(forest, column)];
            numberCategories(forest);
            top = known.length;
        } else {
            threshold = thresholds(forest);
            top = threshold.length;
            makeBuckets();
        }
    }

    int nanCell() {
        return first + top + 1;
    }

    int zeroCell() {
        return first + top + 2;
    }

    /** The first cell that does not stand in the order of thresholds. */
    int firstApart() {
        return isMember ? first : nanCell();
    }

    /** The cell beyond the slot's own. */
    int end() {
        return first + top + (hasZeroCell ? 3 : 2);
    }

    /** A value that falls into a cell which is not one between thresholds. */
    double representative(int cell) {
        int category = cell - first < known.length ? known[cell - first] : -1;
        return cell == nanCell() ? Double.NaN : cell == zeroCell() ? 0.0 : category;
    }

    /** The cells of the row from x[at] on. */
    static void rank(Slot[] slots, double[] x, int at, int[] cells) {
        for (int s = 0; s < slots.length; s++) {
            cells[s] = slots[s].cell(x[at + slots[s].column]);
        }
    }

    /** The cell of a value as the caller gave it. */
    int cell(double x) {
        double v = readsFloat ? (float) x : x;
        if (isMember) {
            return memberCell(v);
        }
        int p = start[bucket(v)];
        if (half > 2) {
            p = search(p, v);
        }
        p -= below(p, v) + below(p + 1, v) + below(p + 2, v);
        if (!(v > Double.NEGATIVE_INFINITY)) {
            return v != v ? nanCell() : first;
        }
        if (hasZeroCell && Math.abs(v) <= zero) {
            return zeroCell();
        }
        return first + Math.min(p, most);
    }

    /** Goes on in a bucket of more thresholds than are counted at once. */
    private int search(int start, double v) {
        int p = start;
        for (int h = half; h > 2; h >>= 1) {
            p += below(p + h - 1, v) & h;
        }
        return p;
    }

    /** -1 where the threshold is below the value, else 0: without a branch, which nothing could foretell. */
    private int below(int which, double v) {
        return (int) (Double.doubleToRawLongBits(threshold[which] - v) >> 63);
    }

    private int memberCell(double v) {
        int category = category(Math.abs(v) <= zero ? 0.0 : v);
        return v != v ? nanCell() : first + (category >= 0 && category < start.length ? start[category] : top);
    }

    /** The category of a value that was read. */
    int category(double v) {
        return decision.category(v);
    }

    /** How many thresholds are below zero. */
    int rankOfZero() {
        int rank = 0;
        while (rank < top && !isMember && threshold[rank] < 0) {
            rank++;
        }
        return rank;
    }

    /** Numbers the categories that are in some set; the others share the number behind them. */
    private void numberCategories(Forest forest) {
        known = new int[start.length];
        int count = 0;
        for (int category = 0; category < start.length; category++) {
            boolean inAny = false;
            for (int set = forest.setStart[column]; set < forest.setStart[column + 1] && !inAny; set++) {
                inAny = forest.isMember(set, category);
            }
            start[category] = inAny ? count : -1;
            known[count] = category;
            count += inAny ? 1 : 0;
        }
        known = Arrays.copyOf(known, count);
        for (int category = 0; category < start.length; category++) {
            start[category] = start[category] < 0 ? count : start[category];
        }
    }

    private static int mostWords(Forest forest, int column) {
        int words = 0;
        for (int set = forest.setStart[column]; set < forest.setStart[column + 1]; set++) {
            words = Math.max(words, forest.wordStart[set + 1] - forest.wordStart[set]);
        }
        return words;
    }

    /**
     * The slots of a forest in the order of its columns; null where there is none, a column has no slot of this kind, or they would take
     * more than a part of so many bytes.
     */
    static Slot[] of(Forest forest, long budget) {
        Decision[] decision = new Decision[forest.columns];
        boolean[] hasZeroCell = new boolean[forest.columns];
        for (int node = 0; node < forest.nodes; node++) {
            int column = forest.column[node];
            Decision own = forest.header.decisions[forest.decision[node]];
            decision[column] = decision[column] == null ? own : decision[column];
            hasZeroCell[column] |= own.zeroIsMissing;
            if (decision[column].floors != own.floors) {
                return null;
            }
        }
        List<Slot> slots = new ArrayList<>();
        long bytes = 0;
        int cells = 0;
        for (int column = 0; column < decision.length; column++) {
            bytes += 8L * 32 * mostWords(forest, column);
            if (bytes > budget / 2) {
                return null;
            }
            if (decision[column] != null) {
                slots.add(new Slot(forest, column, cells, decision[column], hasZeroCell[column]));
                cells = slots.get(slots.size() - 1).end();
            }
        }
        return slots.isEmpty() ? null : slots.toArray(new Slot[0]);
    }

    static long bytes(Slot[] slots) {
        long bytes = 0;
        for (Slot slot : slots) {
            bytes += 8L * slot.threshold.length + 4L * slot.start.length + 4L * slot.known.length;
        }
        return bytes;
    }

    /** The thresholds, moved where that spares taking small values for zero: `v <= t` decides the same. */
    private double[] thresholds(Forest forest) {
        double[] own = Arrays.copyOfRange(forest.threshold, forest.thresholdStart[column], forest.thresholdStart[column + 1]);
        for (int i = 0; zero > 0 && i < own.length; i++) {
            if (Math.abs(own[i]) <= zero) {
                own[i] = own[i] >= 0 ? zero : Math.nextDown(-zero);
            }
        }
        return own;
    }

    /**
     * Prepares the search. A value's bucket is a rising function of it, so all thresholds of lower buckets are below it and all of
     * higher ones are not. Some outliers at both ends share the outer buckets, or they would leave the rest too few.
     */
    private void makeBuckets() {
        int aside = Math.min(FEW - 1, (top - 1) / 2);
        double high = threshold[top - 1 - aside];
        low = threshold[aside];
        boolean spread = high > low && high - low <= Double.MAX_VALUE;
        most = threshold[top - 1] == Double.POSITIVE_INFINITY ? top - 1 : top;
        int buckets = spread ? 16 : 1;
        fill(buckets, high);
        while (spread && half >= FEW && buckets < MOST_BUCKETS && buckets < 2 * top) {
            buckets *= 2;
            fill(buckets, high);
        }
        threshold = Arrays.copyOf(threshold, top + 2 * half);
        Arrays.fill(threshold, top, threshold.length, Double.POSITIVE_INFINITY);
    }

    /** Lets each bucket know how many thresholds lie before it. */
    private void fill(int buckets, double high) {
        scale = (buckets - 2) / (high - low);
        start = new int[buckets];
        int[] count = new int[buckets];
        int largest = 0;
        for (double t : threshold) {
            int bucket = bucket(t);
            largest = Math.max(largest, ++count[bucket]);
        }
        for (int b = 1; b < buckets; b++) {
            start[b] = start[b - 1] + count[b - 1];
        }
        half = Math.max(2, Integer.highestOneBit(largest));
    }

    private int bucket(double v) {
        return Math.max(0, Math.min((int) ((v - low) * scale + 1), start.length - 1));
    }
}
