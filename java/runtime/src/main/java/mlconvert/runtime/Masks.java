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
    /** More bytes of rows make nothing faster, since they come from farther away. */
    private static final long HANDY = 4 << 20;
    /** With longer rows in all, or more nodes between them, a walk from the roots is faster. */
    private static final int MOST_BITS = 1 << 14;
    private static final int MOST_BETWEEN = 32;

    final Slot[] slots;
    final int words;
    private final int step;
    /** For each cell its row, and the places of the nodes that come on top of it. */
    private final long[][] row;
    private final int[] from;
    private final int[] to;
    /** The nodes above the cut by slot and rank: the word that they change, and what they leave of it. */
    private final int[] word;
    private final long[] mask;
    private int rows;

    private Masks(Slot[] slots, Regions regions, int step, int above) {
        this.slots = slots;
        words = regions.words;
        this.step = step;
        int cells = slots[slots.length - 1].end();
        row = new long[cells][];
        from = new int[cells];
        to = new int[cells];
        word = new int[above];
        mask = new long[above];
        int[] node = sort(regions);
        long[] empty = full();
        for (Slot slot : slots) {
            int begin = slot.first == 0 ? 0 : to[slot.first - 1];
            int end = to[slot.end() - 1];
            for (int cell = slot.firstApart(); cell < slot.end(); cell++) {
                row[cell] = apart(regions.forest, node, slot.representative(cell), begin, end);
                from[cell] = to[cell] = end;
            }
            makeRows(slot, begin, empty);
        }
    }

    /** The masks of a forest, or null where tables of so many bytes do not suffice, or do not pay. */
    static Masks of(Slot[] slots, Regions regions, long budget) {
        Forest forest = regions.forest;
        int above = 0;
        for (int node = 0; node < forest.nodes; node++) {
            above += regions.isAbove(node) ? 1 : 0;
        }
        long rowBytes = 8L * regions.words + 16;
        long fixed = 12L * above + 16L * slots[slots.length - 1].end() + rowBytes;
        for (Slot slot : slots) {
            fixed += rowBytes * (slot.end() - slot.firstApart());
        }
        long left = Math.min(HANDY, budget - fixed);
        long step = left <= 0 ? Integer.MAX_VALUE : 1 + above * rowBytes / left;
        boolean pays = step * slots.length <= MOST_BETWEEN * (long) forest.trees && slots.length * regions.bits <= MOST_BITS;
        return pays ? new Masks(slots, regions, (int) step, above) : null;
    }

    long bytes() {
        return (8L * words + 16) * rows + 16L * row.length + 12L * word.length;
    }

    /** Puts the nodes above the cut into the order of their slots and ranks; `to` says where those of a cell and all before it end. */
    private int[] sort(Regions regions) {
        Forest forest = regions.forest;
        Slot[] slotOf = new Slot[forest.columns];
        for (Slot slot : slots) {
            slotOf[slot.column] = slot;
        }
        for (int n = 0; n < forest.nodes; n++) {
            to[key(slotOf, forest, n)] += regions.isAbove(n) ? 1 : 0;
        }
        int[] next = new int[to.length];
        for (int cell = 1; cell < to.length; cell++) {
            next[cell] = to[cell - 1];
            to[cell] += to[cell - 1];
        }
        int[] node = new int[word.length];
        for (int tree = 0; tree < forest.trees; tree++) {
            for (int n = forest.firstLeaf[tree] - tree; n < forest.firstLeaf[tree + 1] - tree - 1; n++) {
                if (regions.isAbove(n)) {
                    int place = next[key(slotOf, forest, n)]++;
                    word[place] = regions.word(tree);
                    mask[place] = regions.withoutLeft(tree, n);
                    node[place] = n;
                }
            }
        }
        return node;
    }

    /** The first cell that a node sends right; or of a slot of categories, the first of all. */
    private static int key(Slot[] slotOf, Forest forest, int n) {
        Slot slot = slotOf[forest.column[n]];
        return slot.first + (slot.isMember ? 0 : forest.rank[n] + 1);
    }

    /** A row for every so many nodes of a slot that is compared, and for each cell the last row that is not too much. */
    private void makeRows(Slot slot, int begin, long[] empty) {
        long[] last = empty;
        int done = begin;
        for (int cell = slot.first; cell < slot.firstApart(); cell++) {
            int whole = begin + (to[cell] - begin) / step * step;
            if (whole > done) {
                last = last.clone();
                rows++;
                for (; done < whole; done++) {
                    last[word[done]] &= mask[done];
                }
            }
            row[cell] = last;
            from[cell] = done;
        }
    }

    private long[] full() {
        long[] all = new long[words];
        Arrays.fill(all, -1L);
        rows++;
        return all;
    }

    /** The row of a cell that stands apart from the order of ranks: what the nodes do to a value of it. */
    private long[] apart(Forest forest, int[] node, double value, int begin, int end) {
        long[] own = full();
        for (int place = begin; place < end; place++) {
            if (!forest.goesLeft(node[place], value)) {
                own[word[place]] &= mask[place];
            }
        }
        return own;
    }

    /** Leaves the region that each tree reaches as the lowest bit of its field in {@code scratch.possible}. */
    void find(Scratch scratch) {
        int[] cells = scratch.cell;
        long[][] rows = scratch.rows;
        long[] possible = scratch.possible;
        for (int s = 0; s < rows.length; s++) {
            // what is left over is filled up with a row that is there already: and is idempotent
            rows[s] = row[cells[s < cells.length ? s : 0]];
        }
        first(possible, rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]);
        for (int r = TOGETHER; r < rows.length; r += TOGETHER) {
            and(possible, rows[r], rows[r + 1], rows[r + 2], rows[r + 3], rows[r + 4], rows[r + 5]);
        }
        for (int cell : cells) {
            apply(from[cell], to[cell], possible);
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

    /** The bit of the region that is reached, of the tree whose field begins there. */
    static int lowest(long[] possible, int field) {
        return field + Long.numberOfTrailingZeros(possible[field >> 6] >>> field);
    }
}
