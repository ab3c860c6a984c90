package mlconvert.runtime;

/** Linear leaves: a constant and products of weights with columns. */
final strictfp class Linear {
    private final boolean[] isLinear;
    private final int[] firstLeaf;
    private final double[] constant;
    private final int[] firstTerm;
    private final int[] column;
    private final double[] weight;

    Linear(ForestReader reader, int[] treeLeaves, int columns) {
        int[] flags = reader.integers("tree_linear", treeLeaves.length, 2);
        int[] own = treeLeaves.clone();
        isLinear = new boolean[own.length];
        for (int tree = 0; tree < own.length; tree++) {
            isLinear[tree] = flags[tree] == 1;
            own[tree] *= flags[tree];
        }
        firstLeaf = Forest.starts(own);
        int leaves = firstLeaf[own.length];
        constant = reader.floats("linear_constant", leaves, Double.MAX_VALUE);
        firstTerm = Forest.starts(reader.integers("linear_terms", leaves, Integer.MAX_VALUE));
        column = reader.integers("linear_column", firstTerm[leaves], columns);
        weight = reader.floats("linear_weight", firstTerm[leaves], Double.MAX_VALUE);
    }

    /** A leaf's value for the values v that were read; {@code plain} holds where the tree or the leaf's terms ask for it. */
    double value(int tree, int leaf, double plain, double[] v) {
        if (!isLinear[tree]) {
            return plain;
        }
        int own = firstLeaf[tree] + leaf;
        double value = constant[own];
        for (int term = firstTerm[own]; term < firstTerm[own + 1]; term++) {
            double x = v[column[term]];
            if (x != x) {
                return plain;
            }
            value += weight[term] * x;
        }
        return value;
    }
}
