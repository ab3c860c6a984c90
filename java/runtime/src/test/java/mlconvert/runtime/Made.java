package mlconvert.runtime;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Models made for tests: forests with a header of the test's own, golden rows, jars. */
final class Made {
    static final String CHURN = "{\"columns\":[{\"name\":\"age\",\"type\":\"numeric\",\"missing\":\"nan\"},"
            + "{\"name\":\"city\",\"type\":\"categorical\",\"categories\":[\"Bern\",\"Rome\",\"a, \\\"b\\\"\"]},"
            + "{\"name\":\"vip\",\"type\":\"boolean\"}],\"labels\":[\"no\",\"yes\"],";
    private static final String SIMPLE = "\"outputs\":1,\"width\":1,\"read\":\"float64\",\"zero\":0,\"sum\":\"float64\",\"base_at\":\"start\","
            + "\"divisor\":1,\"link\":{\"name\":\"sigmoid\",\"scale\":1.0},\"decisions\":[{\"test\":\"<=\",\"missing\":\"nan\","
            + "\"default\":\"left\"},{\"test\":\"in\",\"codes\":\"truncate\",\"members\":\"left\",\"default\":\"right\"}],"
            + "\"leaf_label\":\"split\",\"source\":{\"format\":\"none\"},\"arrays\":[[\"tree_leaves\",\"u1\",3],"
            + "[\"threshold_count\",\"u1\",3],[\"threshold\",\"f4\",2],[\"set_count\",\"u1\",3],[\"set_words\",\"u1\",1],[\"set\",\"u4\",1],"
            + "[\"split_leaf\",\"u1\",3],[\"column\",\"u1\",3],[\"decision\",\"u1\",3],[\"rank\",\"u1\",3],[\"leaf_value\",\"f8\",6]]}";

    private Made() {
    }

    /** Three stumps: age above 40 adds 1, Rome adds 0.5, vip takes 2; all else adds 0. */
    static byte[] churn() {
        return churn(CHURN);
    }

    /** The same with another beginning of the header. */
    static byte[] churn(String columnsAndLabels) {
        ByteBuffer arrays = ByteBuffer.allocate(500).order(ByteOrder.LITTLE_ENDIAN);
        arrays.put(new byte[] {2, 2, 2}).put(new byte[] {1, 0, 1});
        planes(arrays, 4, Float.floatToIntBits(40f), Float.floatToIntBits(0.5f));
        arrays.put(new byte[] {0, 1, 0}).put((byte) 1).putInt(0b10);
        arrays.put(new byte[] {0, 0, 0}).put(new byte[] {0, 1, 2}).put(new byte[] {0, 1, 0}).put(new byte[] {0, 0, 0});
        planes(arrays, 8, bits(0), bits(1), bits(0.5), bits(0), bits(0), bits(-2));
        return Sample.framed(columnsAndLabels + SIMPLE, Arrays.copyOf(arrays.array(), arrays.position()));
    }

    private static long bits(double value) {
        return Double.doubleToRawLongBits(value);
    }

    private static void planes(ByteBuffer to, int width, long... values) {
        for (int plane = 0; plane < width; plane++) {
            for (long value : values) {
                to.put((byte) (value >>> 8 * plane));
            }
        }
    }

    static Sample sample(Consumer<Sample.Shape> change) {
        Sample.Shape shape = new Sample.Shape();
        change.accept(shape);
        return new Sample(shape);
    }

    static String header(byte[] file) {
        int length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
        return new String(file, 16, length, StandardCharsets.UTF_8);
    }

    /** The file with another header, and a checksum that fits. */
    static byte[] headed(byte[] file, String header) {
        int start = 16 + header(file).getBytes(StandardCharsets.UTF_8).length;
        return Sample.framed(header, Arrays.copyOfRange(file, start, file.length - 4));
    }

    /** The file with a part of its header replaced. */
    static byte[] edited(byte[] file, String part, String by) {
        String header = header(file);
        if (!header.contains(part)) {
            throw new IllegalArgumentException(part);
        }
        return headed(file, header.replace(part, by));
    }

    /** Golden rows that agree with the model. */
    static byte[] golden(Model model, double[] x, int ulps) {
        int rows = x.length / model.schema().columns().size();
        return golden(rows, ulps, x, model.marginBatch(x, new double[rows * model.schema().margins()]),
                model.predictBatch(x, new double[rows * model.schema().predictions()]));
    }

    static byte[] golden(int rows, int ulps, double[]... parts) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + 8 * Arrays.stream(parts).mapToInt(part -> part.length).sum());
        bytes.order(ByteOrder.LITTLE_ENDIAN).putInt(rows).putInt(ulps);
        for (double[] part : parts) {
            bytes.asDoubleBuffer().put(part);
            bytes.position(bytes.position() + 8 * part.length);
        }
        return bytes.array();
    }

    /** A jar of one model, with golden rows where there are some. */
    static byte[] jar(String name, byte[] forest, byte[] golden) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("META-INF/mlconvert/models", (name + "\n").getBytes(StandardCharsets.UTF_8));
        entries.put("META-INF/mlconvert/" + name + "/model.forest", forest);
        if (golden != null) {
            entries.put("META-INF/mlconvert/" + name + "/golden.rows", golden);
        }
        return zip(entries);
    }

    static byte[] zip(Map<String, byte[]> entries) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
