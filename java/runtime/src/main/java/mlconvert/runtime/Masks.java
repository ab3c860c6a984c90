package mlconvert.runtime;

import java.util.Arrays;

/**
 * Finds the region of every tree by masks of the regions that are still possible. QuickScorer (Lucchese et al. 2015), turned
 * around: a node that sends a value right takes away the regions on its left, and what all nodes of a column take away depends on the
 * value's cell alone. So there is a row of words for each cell, made beforehand; where that would be too much, one for each so many
 * nodes, and the nodes between are applied one by one. All slots' rows together leave the region that is reached as the lowest bit.
 */
final class Masks {
    /** Rows combined in one loop. HotSpot makes vectors of it when each row is an array of its own, and not with many more. */
    static final int TOGETHER = 6;
    /** Up to so many nodes between rows, all are applied at any cell: cheaper than a loop whose end nobody can foretell. */
    private static final int FIXED = 16;
    private static final int MOST_BETWEEN = 1 << 10;
    /** Rows of more bytes do not stay in the caches of a core. */
    private static final long HANDY = 6 << 20;

    final Slot[] slots;
    final Regions regions;
    private final int step;
    /** For each cell its row, and the places of the nodes that come on top of it. */
    private final long[][] row;
    private final int[] from;
    private final int[] to;
    /** The nodes by slot and rank: the word that they change, and what they leave of it. */
    private final int[] word;
    private final long[] mask;
    private final int[] node;

    private Masks(Slot[] slots, Regions regions, int step) {
        this.slots = slots;
        this.regions = regions;
        this.step = step;
        int cells = slots[slots.length - 1].end();
        int places = regions.forest.nodes + slots.length * FIXED;
        row = new long[cells][];
        from = new int[cells];
        to = new int[cells];
        word = new int[places];
        mask = new long[places];
        node = new int[places];
        Arrays.fill(mask, -1L);
        sort();
        for (Slot slot : slots) {
            int begin = to[slot.first];
            int end = to[slot.first + (slot.isMember ? 1 : slot.top)];
            if (!slot.isMember) {
                makeRows(slot, begin);
            }
            for (int cell = slot.isMember ? slot.first : slot.nanCell(); cell < slot.end(); cell++) {
                row[cell] = apart(slot.representative(cell), begin, end);
                from[cell] = to[cell] = begin;
            }
        }
    }

    /** The masks of a forest, or null where tables of so many bytes do not suffice. */
    static Masks of(Slot[] slots, Regions regions, long budget) {
        int[] nodes = new int[regions.forest.columns];
        for (int node = 0; node < regions.forest.nodes; node++) {
            nodes[regions.forest.column[node]] += regions.size[node] > 0 ? 1 : 0;
        }
        long others = 12L * regions.forest.nodes + 12L * Regions.WORD * regions.words;
        for (int step = 1; step <= MOST_BETWEEN; step *= 2) {
            long rows = 0;
            for (Slot slot : slots) {
                others += step == 1 ? 12L * slot.end() : 0;
                rows += slot.isMember ? slot.top + 2 : 2 + nodes[slot.column] / step;
            }
            long bytes = rows * regions.words * 8;
            if (bytes <= HANDY && bytes + others <= budget) {
                return new Masks(slots, regions, step);
            }
        }
        return null;
    }

    /** Puts the nodes above the cut into the order of their slots and ranks; `to` says where the nodes of a cell begin. */
    private void sort() {
        Forest forest = regions.forest;
        Slot[] slotOf = new Slot[forest.columns];
        int[] next = new int[to.length + 1];
        for (Slot slot : slots) {
            slotOf[slot.column] = slot;
            next[slot.first] += FIXED;
        }
        for (int n = 0; n < forest.nodes; n++) {
            next[key(slotOf, n) + 1] += regions.size[n] > 0 ? 1 : 0;
        }
        for (int cell = 0; cell < to.length; cell++) {
            next[cell + 1] += next[cell];
            to[cell] = next[cell];
        }
        for (int tree = 0; tree < forest.trees; tree++) {
            for (int n = forest.firstLeaf[tree] - tree; n < forest.firstLeaf[tree + 1] - tree - 1; n++) {
                if (regions.size[n] > 0) {
                    int place = next[key(slotOf, n)]++;
                    word[place] = regions.word(tree);
                    mask[place] = regions.withoutLeft(tree, n);
                    node[place] = n;
                }
            }
        }
    }

    private int key(Slot[] slotOf, int n) {
        Slot slot = slotOf[regions.forest.column[n]];
        return slot.first + (slot.isMember ? 0 : regions.forest.rank[n]);
    }

    /** A row for every so many nodes of a slot that is compared, and for each cell the last row that is not too much. */
    private void makeRows(Slot slot, int begin) {
        long[] all = new long[regions.words];
        Arrays.fill(all, -1L);
        long[] last = all;
        int done = begin;
        for (int cell = slot.first; cell <= slot.first + slot.top; cell++) {
            int whole = begin + (to[cell] - begin) / step * step;
            if (whole > done) {
                last = last.clone();
                for (; done < whole; done++) {
                    last[word[done]] &= mask[done];
                }
            }
            row[cell] = last;
            from[cell] = done;
        }
    }

    /** The row of a cell that stands apart from the order of ranks: what the nodes do to a value of it. */
    private long[] apart(double value, int begin, int end) {
        long[] own = new long[regions.words];
        Arrays.fill(own, -1L);
        for (int place = begin; place < end; place++) {
            if (!regions.forest.goesLeft(node[place], value)) {
                own[word[place]] &= mask[place];
            }
        }
        return own;
    }

    /** Room for one thread. */
    Scratch scratch() {
        return new Scratch(regions.forest, slots.length, regions.words);
    }

    /** Leaves the region that each tree reaches as the lowest bit of its field in {@code scratch.possible}. */
    void find(double[] x, int at, Scratch scratch) {
        int[] cell = scratch.cell;
        long[][] rows = scratch.rows;
        for (int s = 0; s < cell.length; s++) {
            cell[s] = slots[s].cell(x[at + slots[s].column]);
            rows[s] = row[cell[s]];
        }
        // what is left over is filled up with a row that is there already: and is idempotent
        Arrays.fill(rows, cell.length, rows.length, rows[0]);
        combine(rows, scratch.possible);
        for (int c : cell) {
            int end = to[c];
            apply(step <= FIXED ? end - step + 1 : from[c], end, scratch.possible);
        }
    }

    private static void combine(long[][] rows, long[] possible) {
        first(possible, rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]);
        for (int r = TOGETHER; r < rows.length; r += TOGETHER) {
            and(possible, rows[r], rows[r + 1], rows[r + 2], rows[r + 3], rows[r + 4], rows[r + 5]);
        }
    }

    private static void first(long[] possible, long[] a, long[] b, long[] c, long[] d, long[] e, long[] f) {
        for (int i = 0; i < possible.length; i++) {
            possible[i] = a[i] & b[i] & c[i] & d[i] & e[i] & f[i];
        }
    }

    private static void and(long[] possible, long[] a, long[] b, long[] c, long[] d, long[] e, long[] f) {
        for (int i = 0; i < possible.length; i++) {
            possible[i] = possible[i] & a[i] & b[i] & c[i] & d[i] & e[i] & f[i];
        }
    }

    private void apply(int begin, int end, long[] possible) {
        for (int place = begin; place < end; place++) {
            possible[word[place]] &= mask[place];
        }
    }
}
