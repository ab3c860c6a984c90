package mlconvert.runtime;

import java.util.Arrays;

/**
 * Trees cut into regions, from left to right: each a leaf, or a subtree below the cut. Above the cut are the nodes that the most
 * training rows pass. A tree has a field of {@code bits} bits, a power of two, in an array of words, and each region has a bit of it.
 */
final class Regions {
    static final int WORD = 64;
    /** The target of a bit that stands for no region. */
    static final int NONE = Integer.MIN_VALUE;

    final Forest forest;
    final int bits;
    final int words;
    /** What is in each region, by its bit: a node, or {@code ~leaf}. */
    final int[] target;
    /** Of each node, the first of its regions among those of its tree, and how many it has; 0 below the cut. */
    private final int[] start;
    private final int[] size;

    /** Cuts trees so that nodes of at most {@code levels} levels, themselves included, are below. */
    Regions(Forest forest, int bits, int levels) {
        this.forest = forest;
        this.bits = bits;
        words = (int) (((long) forest.trees * bits + WORD - 1) / WORD);
        target = new int[forest.trees * bits];
        start = new int[forest.nodes];
        size = new int[forest.nodes];
        Arrays.fill(target, NONE);
        int[] height = new int[forest.nodes];
        double[] weight = new double[forest.nodes];
        for (int node = forest.nodes - 1; node >= 0; node--) {
            int left = forest.left[node];
            int right = forest.right[node];
            height[node] = 1 + Math.max(left < 0 ? 0 : height[left], right < 0 ? 0 : height[right]);
            weight[node] = (left < 0 ? weight(~left) : weight[left]) + (right < 0 ? weight(~right) : weight[right]);
        }
        for (int tree = 0; tree < forest.trees; tree++) {
            int first = forest.firstLeaf[tree] - tree;
            int end = forest.firstLeaf[tree + 1] - tree - 1;
            cut(first, end, height, weight, levels);
            number(tree, first, end);
        }
    }

    /** How many training rows reach a leaf, or 1 where that is not known. */
    private double weight(int leaf) {
        int halves = forest.leafRows == null ? 0 : forest.leafRows[leaf] - 1;
        return halves <= 0 ? 1 : Math.scalb((halves & 1) == 0 ? 1 : 1.5, halves / 2);
    }

    /** Puts a tree's heaviest nodes above the cut. No node is heavier than its parent, and parents come first: so they hang together. */
    private void cut(int first, int end, int[] height, double[] weight, int levels) {
        double[] own = new double[end - first];
        int count = 0;
        for (int node = first; node < end; node++) {
            if (height[node] > levels) {
                own[count++] = weight[node];
            }
        }
        Arrays.sort(own, 0, count);
        double least = count < bits ? 0 : own[count - bits + 1];
        int ties = bits - 1;
        for (int i = count - 1; i >= 0 && own[i] > least; i--) {
            ties--;
        }
        for (int node = first; node < end; node++) {
            if (height[node] > levels && (weight[node] > least || weight[node] == least && ties-- > 0)) {
                size[node] = 1;
            }
        }
        for (int node = end - 1; node >= first; node--) {
            size[node] = size[node] == 0 ? 0 : size(forest.left[node]) + size(forest.right[node]);
        }
    }

    private void number(int tree, int first, int end) {
        if (first == end || size[first] == 0) {
            target[tree * bits] = forest.root(tree);
        }
        for (int node = first; node < end; node++) {
            if (size[node] > 0) {
                place(tree, forest.left[node], start[node]);
                place(tree, forest.right[node], start[node] + size(forest.left[node]));
            }
        }
    }

    private void place(int tree, int child, int position) {
        if (child < 0 || size[child] == 0) {
            target[tree * bits + position] = child;
        } else {
            start[child] = position;
        }
    }

    /** The regions of a node above the cut; what is below the cut, or a leaf, is one itself. */
    private int size(int child) {
        return child < 0 ? 1 : Math.max(1, size[child]);
    }

    boolean isAbove(int node) {
        return size[node] > 0;
    }

    /** The word that holds a tree's regions. */
    int word(int tree) {
        return tree * bits / WORD;
    }

    /** All bits of that word but those of the regions on the left of a node above the cut. */
    long withoutLeft(int tree, int node) {
        long left = -1L >>> WORD - size(forest.left[node]);
        return ~(left << tree * bits % WORD + start[node]);
    }
}
