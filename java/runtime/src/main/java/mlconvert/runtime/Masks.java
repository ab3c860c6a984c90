package mlconvert.runtime;

import java.util.Arrays;

/**
 * Finds the region of every tree by masks of the regions that are still possible. QuickScorer (Lucchese et al. 2015), turned
 * around: a node that sends a value right takes away the regions on its left, and what all nodes of a column take away depends on the
 * value's cell alone. So there is a row of words for each cell, made beforehand. Where that would be too much, neighbouring cells share
 * the row of the first, and behind its words lie the nodes that come on top, of which a cell applies so many: a word's place and what is
 * left of it. All slots' rows together leave the region that is reached as the lowest bit.
 */
final class Masks {
    /** Rows combined in one loop. HotSpot makes vectors of it when each row is an array of its own, and not with many more. */
    static final int TOGETHER = 6;
    /** More bytes of rows make nothing faster, since they come from farther away. */
    private static final long HANDY = 4 << 20;
    /** With longer rows in all, or more nodes on top of them, a walk from the roots is faster. */
    private static final int MOST_BITS = 1 << 14;
    private static final int MOST_ON_TOP = 32;

    final Slot[] slots;
    final int words;
    /** Of each cell the row, and how many of the nodes behind it. */
    private final long[][] row;
    private final int[] onTop;
    private long bytes;

    private Masks(Slot[] slots, Regions regions, int step, int above) {
        this.slots = slots;
        words = regions.words;
        row = new long[slots[slots.length - 1].end()][];
        onTop = new int[row.length];
        bytes = 8L * row.length;
        int[] to = new int[row.length];
        int[] node = new int[above];
        long[] changes = new long[2 * above];
        sort(regions, to, node, changes);
        for (Slot slot : slots) {
            int begin = slot.first == 0 ? 0 : to[slot.first - 1];
            share(slot, begin, to, changes, step);
            for (int cell = slot.firstApart(); cell < slot.end(); cell++) {
                double value = slot.representative(cell);
                row[cell] = add(all(), 0);
                for (int i = begin; i < to[cell]; i++) {
                    if (!regions.forest.goesLeft(node[i], value)) {
                        apply(changes, 2 * i, 2 * i + 2, row[cell]);
                    }
                }
            }
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
        long fixed = 16L * above;
        for (Slot slot : slots) {
            fixed += 8L * (slot.end() - slot.first) + rowBytes * (slot.end() - slot.firstApart() + 1);
        }
        long left = Math.min(HANDY, budget - fixed);
        long step = left <= 0 ? Integer.MAX_VALUE : 1 + above * rowBytes / left;
        boolean pays = step * slots.length <= MOST_ON_TOP * (long) forest.trees && slots.length * regions.bits <= MOST_BITS;
        return pays ? new Masks(slots, regions, (int) step, above) : null;
    }

    long bytes() {
        return bytes;
    }

    /**
     * Puts the nodes above the cut, and what they change, into the order of their slots and of the first cells that they send right; those
     * of a test come first. {@code to} gets where those of a cell and of all before it end.
     */
    private void sort(Regions regions, int[] to, int[] node, long[] changes) {
        Forest forest = regions.forest;
        int[] base = new int[forest.columns];
        for (Slot slot : slots) {
            base[slot.column] = slot.first;
        }
        for (int n = 0; n < forest.nodes; n++) {
            to[cell(forest, base, n)] += regions.isAbove(n) ? 1 : 0;
        }
        int[] next = new int[to.length];
        for (int cell = 1; cell < to.length; cell++) {
            next[cell] = to[cell - 1];
            to[cell] += to[cell - 1];
        }
        for (int tree = 0; tree < forest.trees; tree++) {
            for (int n = forest.firstLeaf[tree] - tree; n < forest.firstLeaf[tree + 1] - tree - 1; n++) {
                if (regions.isAbove(n)) {
                    int place = next[cell(forest, base, n)]++;
                    node[place] = n;
                    changes[2 * place] = regions.word(tree);
                    changes[2 * place + 1] = regions.withoutLeft(tree, n);
                }
            }
        }
    }

    private static int cell(Forest forest, int[] base, int n) {
        boolean isMember = forest.header.decisions[forest.decision[n]].isMember;
        return base[forest.column[n]] + (isMember ? 0 : forest.rank[n] + 1);
    }

    /** Makes a row for every so many nodes of a slot that is compared. */
    private void share(Slot slot, int begin, int[] to, long[] changes, int step) {
        long[] all = all();
        int done = begin;
        for (int cell = slot.first; cell < slot.firstApart();) {
            apply(changes, 2 * done, 2 * to[cell], all);
            done = to[cell];
            int next = cell + 1;
            while (next < slot.firstApart() && to[next] - done < step) {
                next++;
            }
            int more = to[next - 1] - done;
            long[] own = add(all, more);
            System.arraycopy(changes, 2 * done, own, words, 2 * more);
            for (; cell < next; cell++) {
                row[cell] = own;
                onTop[cell] = to[cell] - done;
            }
        }
    }

    private long[] all() {
        long[] all = new long[words];
        Arrays.fill(all, -1L);
        return all;
    }

    /** A row of these words, with room for so many nodes. */
    private long[] add(long[] start, int nodes) {
        long[] made = Arrays.copyOf(start, words + 2 * nodes);
        bytes += 8L * made.length + 16;
        return made;
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
        for (int r = 0; r < rows.length; r += TOGETHER) {
            if (r == 0) {
                first(possible, rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]);
            } else {
                and(possible, rows[r], rows[r + 1], rows[r + 2], rows[r + 3], rows[r + 4], rows[r + 5]);
            }
            for (int s = r; s < Math.min(r + TOGETHER, cells.length); s++) {
                apply(rows[s], words, words + 2 * onTop[cells[s]], possible);
            }
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

    private static void apply(long[] changes, int begin, int end, long[] possible) {
        for (int i = begin; i < end; i += 2) {
            possible[(int) changes[i]] &= changes[i + 1];
        }
    }

    /** The bit of the region that is reached, of the tree whose field begins there. */
    static int lowest(long[] possible, int field) {
        return field + Long.numberOfTrailingZeros(possible[field >> 6] >>> field);
    }
}
