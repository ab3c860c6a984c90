package mlconvert.runtime;

import static mlconvert.runtime.BrokenModelException.unless;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/** The bytes of a {@code .forest} file, checked and taken apart; {@code docs/forest.md} is the specification. */
final class ForestReader {
    private static final long MAGIC = 0x0A747365726F6689L;

    final Header header;
    private final byte[] content;
    /** The arrays that nobody has asked for yet: int[] and double[]. */
    private final Map<Object, Object> arrays = new HashMap<>();

    ForestReader(byte[] content) {
        this.content = content;
        ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        unless(content.length >= 20 && bytes.getLong() == MAGIC, "it does not begin as a forest");
        unless(bytes.getInt() == 1, "this runtime does not know its version");
        int length = bytes.getInt();
        int end = content.length - 4;
        CRC32 checksum = new CRC32();
        checksum.update(content, 0, end);
        unless((int) checksum.getValue() == bytes.getInt(end), "its checksum does not fit");
        unless(length >= 0 && length <= end - 16, "its header is longer than the file");
        bytes.limit(16 + length);
        header = Header.read(bytes);
        readArrays(16 + length, end);
    }

    private void readArrays(int start, int end) {
        int at = start;
        for (Object one : header.arrays) {
            List<?> entry = (List<?>) one;
            String type = (String) entry.get(1);
            int length = ((Long) entry.get(2)).intValue();
            int width = type.charAt(1) - '0';
            unless((long) length * width <= end - at, "its arrays do not fill it");
            Object values = type.charAt(0) == 'u' ? integers(at, length, width) : floats(at, length, width);
            unless(arrays.put(entry.get(0), values) == null, "an array stands twice in it");
            at += length * width;
        }
        unless(at == end, "its arrays do not fill it");
    }

    private int[] integers(int at, int length, int width) {
        int[] values = new int[length];
        for (int plane = 0; plane < width; plane++) {
            for (int i = 0; i < length; i++) {
                values[i] |= (content[at + plane * length + i] & 255) << 8 * plane;
            }
        }
        return values;
    }

    private double[] floats(int at, int length, int width) {
        double[] values = new double[length];
        int[] low = integers(at, length, 4);
        int[] high = width == 8 ? integers(at + 4 * length, length, 4) : null;
        for (int i = 0; i < length; i++) {
            values[i] = high == null ? Float.intBitsToFloat(low[i])
                    : Double.longBitsToDouble((long) high[i] << 32 | low[i] & 0xFFFFFFFFL);
        }
        return values;
    }

    boolean has(String name) {
        return arrays.containsKey(name);
    }

    /** How many trees there are. */
    int trees() {
        return has("tree_leaves") ? ((int[]) arrays.get("tree_leaves")).length : 0;
    }

    /** Takes an array of unsigned integers below {@code limit}; it may be absent only where its length is 0. */
    int[] integers(String name, long length, long limit) {
        int[] values = has(name) ? (int[]) arrays.remove(name) : new int[0];
        boolean fits = values.length == length;
        for (int value : values) {
            fits &= Integer.toUnsignedLong(value) < limit;
        }
        unless(fits, name + " has the wrong length or is out of range");
        return values;
    }

    /** Takes an array of floats, none of them NaN or beyond {@code most}; it may be absent only where its length is 0. */
    double[] floats(String name, long length, double most) {
        double[] values = has(name) ? (double[]) arrays.remove(name) : new double[0];
        boolean fits = values.length == length;
        for (double value : values) {
            fits &= Math.abs(value) <= most;
        }
        unless(fits, name + " has the wrong length or is out of range");
        return values;
    }

    /** Refuses arrays that nobody asked for. */
    void close() {
        unless(arrays.isEmpty(), "it holds more arrays than it should");
    }
}
