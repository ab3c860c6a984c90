package mlconvert.runtime;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.zip.CRC32;

/** A forest drawn at random: its file, rows that try its decisions, and a second, naive way to score it. */
final class Sample {
    /** What to draw; the fields are set by the test that asks for something else. */
    static final class Shape {
        long seed = 1;
        int columns = 5;
        int categorical = 0;
        int trees = 10;
        int leaves = 31;
        int thresholds = 20;
        int words = 2;
        int outputs = 1;
        int width = 1;
        boolean readsFloat;
        boolean sumsFloat;
        boolean baseAtEnd;
        boolean linear;
        boolean chains;
        boolean mixed;
        double zero;
        int divisor = 1;
        String link = "identity";
        String leafLabel = "split";
        String labels = "";
        String decisions = "{\"test\":\"<=\",\"missing\":\"nan\",\"default\":\"left\"},{\"test\":\"<=\",\"missing\":\"nan\",\"default\":\"right\"}";
    }

    /** Every kind of decision that there is, comparisons first. */
    static final String ALL_DECISIONS = String.join(",",
            "{\"test\":\"<=\",\"missing\":\"nan\",\"default\":\"left\"}", "{\"test\":\"<=\",\"missing\":\"nan\",\"default\":\"right\"}",
            "{\"test\":\"<=\",\"missing\":\"zero\",\"default\":\"left\"}", "{\"test\":\"<=\",\"missing\":\"zero\",\"default\":\"right\"}",
            "{\"test\":\"<=\",\"missing\":\"none\",\"default\":\"left\"}",
            "{\"test\":\"in\",\"codes\":\"truncate\",\"members\":\"left\",\"default\":\"right\"}",
            "{\"test\":\"in\",\"codes\":\"floor\",\"members\":\"right\",\"default\":\"left\"}",
            "{\"test\":\"in\",\"codes\":\"floor\",\"members\":\"left\",\"default\":\"left\"}");

    final Shape shape;
    final Random random;
    final double[][] thresholds;
    final int[][][] sets;
    final List<String> decisions;
    final int[] treeLeaves;
    final int[] treeOutput;
    final int[] splitLeaf;
    final int[] column;
    final int[] decision;
    final int[] rank;
    final double[] leafValue;
    final double[] base;
    final int[] treeLinear;
    final double[] linearConstant;
    final int[] linearTerms;
    final int[] linearColumn;
    final double[] linearWeight;
    final int[] leafLabel;
    final int[] leafRows;

    Sample(Shape shape) {
        this.shape = shape;
        random = new Random(shape.seed);
        thresholds = new double[shape.columns][];
        sets = new int[shape.columns][0][];
        for (int c = 0; c < shape.columns; c++) {
            boolean categorical = c < shape.categorical;
            thresholds[c] = categorical ? new double[0] : drawThresholds();
            sets[c] = categorical ? drawSets() : sets[c];
        }
        decisions = Arrays.asList(shape.decisions.split("(?<=\\}),"));
        treeLeaves = new int[shape.trees];
        treeOutput = new int[shape.trees];
        int leaves = 0;
        for (int t = 0; t < shape.trees; t++) {
            treeLeaves[t] = random.nextInt(8) == 0 ? 1 + random.nextInt(shape.leaves) : shape.leaves;
            treeOutput[t] = shape.width > 1 ? 0 : t % shape.outputs;
            leaves += treeLeaves[t];
        }
        int nodes = leaves - shape.trees;
        splitLeaf = new int[nodes];
        column = new int[nodes];
        decision = new int[nodes];
        rank = new int[nodes];
        for (int t = 0, node = 0; t < shape.trees; t++) {
            for (int i = 0; i < treeLeaves[t] - 1; i++, node++) {
                drawNode(node, i);
            }
        }
        leafValue = random.doubles((long) leaves * shape.width, -1, 1).map(v -> random.nextInt(50) == 0 ? -0.0 : v).toArray();
        base = random.doubles(shape.outputs, -1, 1).toArray();
        treeLinear = new int[shape.linear ? shape.trees : 0];
        int linearLeaves = 0;
        for (int t = 0; t < treeLinear.length; t++) {
            treeLinear[t] = random.nextInt(3) == 0 ? 0 : 1;
            linearLeaves += treeLinear[t] * treeLeaves[t];
        }
        linearConstant = random.doubles(linearLeaves, -1, 1).toArray();
        linearTerms = random.ints(linearLeaves, 0, 4).toArray();
        linearColumn = random.ints(Arrays.stream(linearTerms).sum(), 0, shape.columns).toArray();
        linearWeight = random.doubles(linearColumn.length, -1, 1).toArray();
        leafLabel = shape.leafLabel.equals("listed") ? random.ints(leaves, 0, 100_000).toArray() : new int[0];
        leafRows = shape.leaves > 64 ? random.ints(leaves, 0, 40).toArray() : new int[0];
    }

    private double[] drawThresholds() {
        TreeSet<Double> drawn = new TreeSet<>();
        int count = random.nextInt(10) == 0 ? 1 : shape.thresholds;
        while (drawn.size() < count) {
            double t = random.nextInt(3) == 0 ? random.nextInt(20) - 10 : random.nextGaussian() * 10;
            drawn.add((shape.readsFloat ? (float) t : t) + 0.0);
        }
        if (random.nextInt(3) == 0) {
            drawn.addAll(List.of(0.0, Double.MIN_VALUE, -Double.MIN_VALUE, 1e-36, -1e-36, 1e-34, 1e300));
        }
        if (random.nextInt(5) == 0) {
            drawn.addAll(List.of(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY));
        }
        return drawn.stream().mapToDouble(t -> t).toArray();
    }

    private int[][] drawSets() {
        int[][] drawn = new int[1 + random.nextInt(5)][];
        for (int i = 0; i < drawn.length; i++) {
            drawn[i] = random.ints(random.nextInt(shape.words + 1)).map(bits -> bits | 1 << 31).toArray();
        }
        return drawn;
    }

    private void drawNode(int node, int i) {
        splitLeaf[node] = shape.chains ? Math.max(0, i - random.nextInt(2)) : random.nextInt(i + 1);
        column[node] = random.nextInt(shape.columns);
        boolean member = sets[column[node]].length > 0;
        do {
            decision[node] = random.nextInt(decisions.size());
        } while (!fits(column[node], decisions.get(decision[node])));
        rank[node] = random.nextInt(member ? sets[column[node]].length : thresholds[column[node]].length);
    }

    /** A column is compared or tested; and unless the shape says otherwise, all tests of a column round codes alike. */
    private boolean fits(int c, String how) {
        boolean member = how.contains("\"in\"");
        return member == sets[c].length > 0 && (!member || shape.mixed || how.contains("floor") == (c % 2 == 0));
    }

    // --- the file ------------------------------------------------------------------------------------

    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private final List<String> directory = new ArrayList<>();

    byte[] file() {
        body.reset();
        directory.clear();
        put("tree_leaves", 2, treeLeaves);
        if (shape.outputs > 1) {
            put("tree_output", 2, treeOutput);
        }
        put("threshold_count", 2, Arrays.stream(thresholds).mapToInt(t -> t.length).toArray());
        put("threshold", Arrays.stream(thresholds).flatMapToDouble(Arrays::stream).toArray());
        if (shape.categorical > 0) {
            put("set_count", 1, Arrays.stream(sets).mapToInt(s -> s.length).toArray());
            put("set_words", 2, Arrays.stream(sets).flatMap(Arrays::stream).mapToInt(s -> s.length).toArray());
            put("set", 4, Arrays.stream(sets).flatMap(Arrays::stream).flatMapToInt(Arrays::stream).toArray());
        }
        put("split_leaf", 3, splitLeaf);
        put("column", 2, column);
        put("decision", 1, decision);
        put("rank", 2, rank);
        put("leaf_value", leafValue);
        put("base", base);
        put("tree_linear", 1, treeLinear);
        put("linear_constant", linearConstant);
        put("linear_terms", 1, linearTerms);
        put("linear_column", 2, linearColumn);
        put("linear_weight", linearWeight);
        put("leaf_label", 3, leafLabel);
        put("leaf_rows", 1, leafRows);
        return framed(header(), body.toByteArray());
    }

    private void put(String name, int width, int[] values) {
        for (int plane = 0; plane < width; plane++) {
            for (int value : values) {
                body.write(value >>> 8 * plane);
            }
        }
        enter(name, "u" + width, values.length);
    }

    private void put(String name, double[] values) {
        boolean narrow = Arrays.stream(values).allMatch(v -> (float) v == v);
        for (int plane = 0; plane < (narrow ? 4 : 8); plane++) {
            for (double value : values) {
                long bits = narrow ? Float.floatToRawIntBits((float) value) : Double.doubleToRawLongBits(value);
                body.write((int) (bits >>> 8 * plane));
            }
        }
        enter(name, narrow ? "f4" : "f8", values.length);
    }

    private void enter(String name, String type, int length) {
        if (length > 0) {
            directory.add("[\"" + name + "\",\"" + type + "\"," + length + "]");
        }
    }

    String header() {
        List<String> entries = new ArrayList<>();
        for (int c = 0; c < shape.columns; c++) {
            entries.add("{\"name\":\"c" + c + "\",\"type\":\"" + (c < shape.categorical ? "categorical" : "numeric") + "\"}");
        }
        String link = "{\"name\":\"" + shape.link + "\"" + (shape.link.equals("sigmoid") ? ",\"scale\":0.7}" : "}");
        return "{\"columns\":[" + String.join(",", entries) + "]" + (shape.labels.isEmpty() ? "" : ",\"labels\":[" + shape.labels + "]")
                + ",\"outputs\":" + shape.outputs + ",\"width\":" + shape.width + ",\"read\":\"" + type(shape.readsFloat)
                + "\",\"zero\":" + shape.zero + ",\"sum\":\"" + type(shape.sumsFloat) + "\",\"base_at\":\""
                + (shape.baseAtEnd ? "end" : "start") + "\",\"divisor\":" + shape.divisor + ",\"link\":" + link
                + ",\"decisions\":[" + shape.decisions + "],\"leaf_label\":\"" + shape.leafLabel + "\",\"source\":{\"format\":\"none\"}"
                + ",\"arrays\":[" + String.join(",", directory) + "]}";
    }

    private static String type(boolean isFloat) {
        return isFloat ? "float32" : "float64";
    }

    /** A file of this header and these arrays, with a checksum that fits. */
    static byte[] framed(String header, byte[] arrays) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(20 + text.length + arrays.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x89, 'f', 'o', 'r', 'e', 's', 't', '\n'}).putInt(1).putInt(text.length).put(text).put(arrays);
        CRC32 checksum = new CRC32();
        checksum.update(bytes.array(), 0, bytes.position());
        return bytes.putInt((int) checksum.getValue()).array();
    }

    // --- rows ----------------------------------------------------------------------------------------

    /** Rows, one behind the other, of values at and beside the thresholds, and of what else may give trouble. */
    double[] rows(int n) {
        double[] rows = new double[n * shape.columns];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = value(i % shape.columns);
        }
        return rows;
    }

    private double value(int c) {
        double[] odd = {Double.NaN, 0.0, -0.0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.MIN_VALUE, -Double.MIN_VALUE,
            -Double.MAX_VALUE, Double.MAX_VALUE, 1e-35, -1e-35, 1e-36, -0.5, 3e9, -3e9, Double.longBitsToDouble(0xFFF8000000000001L)};
        if (random.nextInt(8) == 0) {
            return odd[random.nextInt(odd.length)];
        }
        if (c < shape.categorical) {
            return random.nextInt(36 * shape.words) - 2 + (random.nextInt(4) == 0 ? 0.5 : 0);
        }
        double t = thresholds[c][random.nextInt(thresholds[c].length)];
        double[] near = {t, Math.nextUp(t), Math.nextDown(t), (float) t, Math.nextUp((float) t), Math.nextDown((float) t),
            random.nextGaussian() * 10};
        return near[random.nextInt(near.length)];
    }

    // --- the naive score -----------------------------------------------------------------------------

    /** The leaf of each tree, by replaying the splits: a row stays in its leaf until a node splits that. */
    int[] leaves(double[] rows, int at) {
        int[] reached = new int[shape.trees];
        for (int t = 0, node = 0; t < shape.trees; t++) {
            for (int i = 0; i < treeLeaves[t] - 1; i++, node++) {
                if (splitLeaf[node] == reached[t] && !goesLeft(node, read(rows[at + column[node]]))) {
                    reached[t] = i + 1;
                }
            }
        }
        return reached;
    }

    private double read(double x) {
        double v = shape.readsFloat ? (float) x : x;
        return shape.zero > 0 && Math.abs(v) <= shape.zero ? 0.0 : v;
    }

    private boolean goesLeft(int node, double v) {
        String how = decisions.get(decision[node]);
        boolean left = how.contains("\"default\":\"left\"");
        if (how.contains("\"in\"")) {
            double category = how.contains("floor") ? Math.floor(v) : v < 0 ? Math.ceil(v) : Math.floor(v);
            int[] set = sets[column[node]][rank[node]];
            boolean member = category >= 0 && category < 32.0 * set.length
                    && (set[(int) category / 32] >>> (int) category % 32 & 1) == 1;
            return Double.isNaN(v) ? left : member == how.contains("\"members\":\"left\"");
        }
        boolean missing = Double.isNaN(v) && !how.contains("none") || v == 0 && how.contains("\"zero\"");
        return missing ? left : (Double.isNaN(v) ? 0 : v) <= thresholds[column[node]][rank[node]];
    }

    double[] margins(double[] rows, int at) {
        int[] leaves = leaves(rows, at);
        double[] sum = new double[shape.outputs];
        for (int k = 0; k < shape.outputs; k++) {
            sum[k] = shape.baseAtEnd ? 0 : number(base[k]);
        }
        int linearLeaf = 0;
        for (int t = 0, first = 0; t < shape.trees; t++) {
            for (int k = 0; k < shape.width; k++) {
                int to = shape.width > 1 ? k : treeOutput[t];
                double value = number(leafValue[(first + leaves[t]) * shape.width + k]);
                if (shape.linear && treeLinear[t] == 1) {
                    value = line(linearLeaf + leaves[t], value, rows, at);
                }
                sum[to] = shape.sumsFloat ? (float) sum[to] + (float) value : sum[to] + value;
            }
            first += treeLeaves[t];
            linearLeaf += shape.linear ? treeLinear[t] * treeLeaves[t] : 0;
        }
        for (int k = 0; shape.baseAtEnd && k < shape.outputs; k++) {
            sum[k] = shape.sumsFloat ? (float) sum[k] + (float) base[k] : sum[k] + base[k];
        }
        return sum;
    }

    private double number(double value) {
        return shape.sumsFloat ? (float) value : value;
    }

    private double line(int leaf, double plain, double[] rows, int at) {
        int term = Arrays.stream(linearTerms, 0, leaf).sum();
        double value = linearConstant[leaf];
        for (int i = 0; i < linearTerms[leaf]; i++) {
            double v = read(rows[at + linearColumn[term + i]]);
            if (Double.isNaN(v)) {
                return plain;
            }
            value += linearWeight[term + i] * v;
        }
        return value;
    }
}
