package mlconvert.runtime;

import static mlconvert.runtime.BrokenModelException.unless;

/** A forest in memory: its header, and the arrays of {@code docs/forest.md} under their names, every index in range. */
final class Forest {
    private static final int ANY = Integer.MAX_VALUE;

    final Header header;
    /** The bytes of the file. */
    final int bytes;
    final int columns;
    final int trees;
    final int leaves;
    final int nodes;
    /** The first leaf of each tree among all leaves; one more entry ends the last. */
    final int[] firstLeaf;
    final int[] treeOutput;
    /** Where each column's thresholds begin; one more entry ends the last. */
    final int[] thresholdStart;
    final double[] threshold;
    /** Where each column's sets begin, and each set's words; one more entry ends the last. */
    final int[] setStart;
    final int[] wordStart;
    final int[] set;
    final int[] column;
    final int[] decision;
    final int[] rank;
    /** Children of each node among all nodes; a leaf is {@code ~leaf} among all leaves. */
    final int[] left;
    final int[] right;
    final double[] leafValue;
    final double[] base;
    final Linear linear;
    /** The source's own leaf numbers. */
    final int[] leafLabel;
    /** A hint of how many training rows reached each leaf, on a logarithmic scale; null where nothing is known. */
    final int[] leafRows;

    Forest(ForestReader reader) {
        header = reader.header;
        bytes = reader.bytes();
        columns = header.schema.columns().size();
        trees = reader.length("tree_leaves");
        int[] treeLeaves = reader.integers("tree_leaves", trees, ANY);
        firstLeaf = starts(treeLeaves);
        leaves = firstLeaf[trees];
        nodes = leaves - trees;
        treeOutput = reader.has("tree_output") ? reader.integers("tree_output", trees, header.outputs) : new int[trees];

        thresholdStart = starts(reader.integers("threshold_count", columns, ANY));
        threshold = reader.floats("threshold", thresholdStart[columns], Double.POSITIVE_INFINITY);
        setStart = reader.has("set_count") ? starts(reader.integers("set_count", columns, ANY)) : new int[columns + 1];
        wordStart = starts(reader.integers("set_words", setStart[columns], (1 << 26) + 1));
        set = reader.integers("set", wordStart[setStart[columns]], 1L << 32);

        int[] splitLeaf = reader.integers("split_leaf", nodes, ANY);
        column = reader.integers("column", nodes, columns);
        decision = reader.integers("decision", nodes, header.decisions.length);
        rank = reader.integers("rank", nodes, ANY);
        left = new int[nodes];
        right = new int[nodes];
        for (int tree = 0; tree < trees; tree++) {
            unless(treeLeaves[tree] > 0, "a tree has no leaf");
            hang(tree, splitLeaf);
        }

        leafValue = summands(reader.floats("leaf_value", (long) leaves * header.width, Double.MAX_VALUE));
        base = summands(reader.has("base") ? reader.floats("base", header.outputs, Double.MAX_VALUE) : new double[header.outputs]);
        linear = reader.has("tree_linear") ? new Linear(reader, treeLeaves, columns) : null;
        leafLabel = header.leafLabel.equals("listed") ? reader.integers("leaf_label", leaves, ANY) : labels(splitLeaf);
        leafRows = reader.has("leaf_rows") ? reader.integers("leaf_rows", leaves, 256) : null;
        reader.close();
        check();
    }

    /** Where parts of these lengths begin, one behind the other. */
    static int[] starts(int[] lengths) {
        int[] starts = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            unless(lengths[i] <= ANY - starts[i], "its arrays are too long");
            starts[i + 1] = starts[i] + lengths[i];
        }
        return starts;
    }

    /** The values, of the sums' type. */
    private double[] summands(double[] values) {
        for (int i = 0; header.sumsFloat && i < values.length; i++) {
            values[i] = (float) values[i];
        }
        return values;
    }

    /** The root of a tree: a node, or {@code ~leaf}. */
    int root(int tree) {
        return firstLeaf[tree + 1] - firstLeaf[tree] > 1 ? firstLeaf[tree] - tree : ~firstLeaf[tree];
    }

    /** The leaves of the largest tree. */
    int mostLeaves() {
        int most = 0;
        for (int tree = 0; tree < trees; tree++) {
            most = Math.max(most, firstLeaf[tree + 1] - firstLeaf[tree]);
        }
        return most;
    }

    /** Gives each node its children: node i of a tree takes the place of leaf splitLeaf[i]. */
    private void hang(int tree, int[] splitLeaf) {
        int firstNode = firstLeaf[tree] - tree;
        int count = firstLeaf[tree + 1] - firstLeaf[tree] - 1;
        int[] parent = new int[count + 1];
        boolean[] isRight = new boolean[count + 1];
        for (int i = 0; i < count; i++) {
            int leaf = splitLeaf[firstNode + i];
            unless(leaf <= i, "a node splits a leaf that there is not yet");
            if (i > 0) {
                (isRight[leaf] ? right : left)[parent[leaf]] = firstNode + i;
            }
            parent[leaf] = parent[i + 1] = firstNode + i;
            isRight[leaf] = false;
            isRight[i + 1] = true;
        }
        for (int leaf = 0; count > 0 && leaf <= count; leaf++) {
            (isRight[leaf] ? right : left)[parent[leaf]] = ~(firstLeaf[tree] + leaf);
        }
    }

    /** The source's leaf numbers where the header has a rule for them. */
    private int[] labels(int[] splitLeaf) {
        int[] labels = new int[leaves];
        boolean pairs = header.leafLabel.equals("pairs");
        for (int tree = 0; tree < trees; tree++) {
            int first = firstLeaf[tree];
            for (int i = 0; i < firstLeaf[tree + 1] - first; i++) {
                if (!pairs) {
                    labels[first + i] = i;
                } else if (i > 0) {
                    labels[first + splitLeaf[first - tree + i - 1]] = 2 * i - 1;
                    labels[first + i] = 2 * i;
                }
            }
        }
        return labels;
    }

    private void check() {
        for (int node = 0; node < nodes; node++) {
            int[] start = header.decisions[decision[node]].isMember ? setStart : thresholdStart;
            unless(rank[node] < start[column[node] + 1] - start[column[node]], "a node names a threshold or set that there is not");
        }
        for (int c = 0; c < columns; c++) {
            unless(thresholdStart[c] == thresholdStart[c + 1] || setStart[c] == setStart[c + 1], "a column has thresholds and sets");
            for (int i = thresholdStart[c]; i < thresholdStart[c + 1]; i++) {
                double t = threshold[i];
                unless(t != 0 || 1 / t > 0, "a threshold is -0.0");
                unless(i == thresholdStart[c] || threshold[i - 1] < t, "thresholds do not ascend");
            }
        }
        for (int i = 0; i + 1 < wordStart.length; i++) {
            unless(wordStart[i] == wordStart[i + 1] || set[wordStart[i + 1] - 1] != 0, "a set ends with an empty word");
        }
        unless(linear == null || header.width == 1, "linear leaves have one value");
    }

    /** The value that the trees see. */
    double read(double x) {
        double v = header.readsFloat ? (float) x : x;
        return Math.abs(v) <= header.zero && header.zero > 0 ? 0.0 : v;
    }

    /** Whether a value that was read goes left at a node. */
    boolean goesLeft(int node, double v) {
        Decision how = header.decisions[decision[node]];
        boolean missing = v != v && how.nanIsMissing || v == 0 && how.zeroIsMissing;
        if (missing) {
            return how.defaultLeft;
        }
        if (how.isMember) {
            return isMember(setStart[column[node]] + rank[node], how.category(v)) == how.membersLeft;
        }
        return (v != v ? 0.0 : v) <= threshold[thresholdStart[column[node]] + rank[node]];
    }

    /** Whether a category is in a set, which is numbered among all sets. */
    boolean isMember(int which, int category) {
        int word = category >> 5;
        return word >= 0 && word < wordStart[which + 1] - wordStart[which] && (set[wordStart[which] + word] >>> category & 1) != 0;
    }
}
