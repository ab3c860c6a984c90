package mlconvert.runtime;

import java.util.Arrays;

/**
 * Trees cut into regions, from left to right: each a leaf, or a subtree below the cut. A tree has a field of {@code bits} bits in an
 * array of words, one bit for each region. The fields are in the order of the trees, output by output, and an output begins a word.
 */
final class Regions {
    static final int WORD = 64;
    /** The target of a bit that stands for no region. */
    static final int NONE = Integer.MIN_VALUE;

    final Forest forest;
    /** Bits of a field: a power of two. */
    final int bits;
    final int words;
    /** Each tree's first bit among those of all words. */
    final int[] field;
    /** The first word of each output; one more entry ends the last. */
    final int[] wordStart;
    /** What is in each region, by its bit: a node, or {@code ~leaf}. */
    final int[] target;
    /** Of each node, the first of its regions among those of its tree, and how many it has; 0 below the cut. */
    final int[] start;
    final int[] size;

    Regions(Forest forest) {
        this.forest = forest;
        size = new int[forest.nodes];
        start = new int[forest.nodes];
        int most = 2;
        for (int tree = 0; tree < forest.trees; tree++) {
            most = Math.max(most, Math.min(WORD, forest.firstLeaf[tree + 1] - forest.firstLeaf[tree]));
        }
        bits = Integer.highestOneBit(2 * most - 1);
        field = new int[forest.trees];
        wordStart = new int[forest.header.outputs + 1];
        words = layOut();
        target = new int[words * WORD];
        Arrays.fill(target, NONE);
        double[] weight = weights(forest);
        for (int tree = 0; tree < forest.trees; tree++) {
            cut(tree, weight);
        }
    }

    private int layOut() {
        int at = 0;
        for (int output = 0; output < forest.header.outputs; output++) {
            wordStart[output] = at / WORD;
            for (int tree = 0; tree < forest.trees; tree++) {
                if (forest.treeOutput[tree] == output) {
                    field[tree] = at;
                    at += bits;
                }
            }
            at = (at + WORD - 1) / WORD * WORD;
        }
        wordStart[forest.header.outputs] = at / WORD;
        return at / WORD;
    }

    /** How many training rows pass each node, or where that is not known, how many leaves it has. */
    static double[] weights(Forest forest) {
        double[] weight = new double[forest.nodes];
        for (int node = forest.nodes - 1; node >= 0; node--) {
            weight[node] = weight(forest, weight, forest.left[node]) + weight(forest, weight, forest.right[node]);
        }
        return weight;
    }

    /** The weight of a node, or of the leaf {@code ~child}. */
    static double weight(Forest forest, double[] weight, int child) {
        boolean unknown = forest.leafRows == null || child >= 0 || forest.leafRows[~child] == 0;
        return child >= 0 ? weight[child] : unknown ? 1 : StrictMath.pow(2, (forest.leafRows[~child] - 1) / 2.0);
    }

    /** Cuts a tree so that the heaviest nodes are above the cut, and numbers its regions. */
    private void cut(int tree, double[] weight) {
        int first = forest.firstLeaf[tree] - tree;
        int end = forest.firstLeaf[tree + 1] - tree - 1;
        int[] frontier = new int[bits];
        int count = 1;
        frontier[0] = forest.root(tree);
        for (int heaviest = 0; count < bits && heaviest >= 0;) {
            heaviest = -1;
            for (int i = 0; i < count; i++) {
                boolean heavier = frontier[i] >= 0 && (heaviest < 0 || weight[frontier[i]] > weight[frontier[heaviest]]);
                heaviest = heavier ? i : heaviest;
            }
            if (heaviest >= 0) {
                int node = frontier[heaviest];
                size[node] = 1;
                frontier[heaviest] = forest.left[node];
                frontier[count++] = forest.right[node];
            }
        }
        for (int node = end - 1; node >= first; node--) {
            size[node] = size[node] == 0 ? 0 : size(forest.left[node]) + size(forest.right[node]);
        }
        if (first == end || size[first] == 0) {
            target[field[tree]] = forest.root(tree);
        }
        for (int node = first; node < end; node++) {
            if (size[node] > 0) {
                number(tree, forest.left[node], start[node]);
                number(tree, forest.right[node], start[node] + size(forest.left[node]));
            }
        }
    }

    /** The regions of a node above the cut, or 1: what is below the cut or a leaf is a region itself. */
    int size(int child) {
        return child < 0 ? 1 : Math.max(1, size[child]);
    }

    private void number(int tree, int child, int position) {
        if (child < 0 || size[child] == 0) {
            target[field[tree] + position] = child;
        } else {
            start[child] = position;
        }
    }

    /** The word that holds a tree's regions. */
    int word(int tree) {
        return field[tree] / WORD;
    }

    /** All bits of that word but those of the regions on the left of a node above the cut. */
    long withoutLeft(int tree, int node) {
        long left = -1L >>> WORD - size(forest.left[node]);
        return ~(left << field[tree] % WORD + start[node]);
    }

    /** The bit of the region that a tree has reached: the lowest of those still possible. */
    int reached(int tree, long[] possible) {
        return field[tree] + Long.numberOfTrailingZeros(possible[field[tree] / WORD] >>> field[tree] % WORD);
    }
}
