package mlconvert.runtime;

import static mlconvert.runtime.BrokenModelException.unless;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.zip.CRC32;

/** The bytes of a {@code .forest} file, whose arrays are taken one after the other; {@code docs/forest.md} is the specification. */
final class ForestReader {
    private static final long MAGIC = 0x0A747365726F6689L;
    private static final String MISFIT = "its arrays do not fill it";

    final Header header;
    private final byte[] content;
    /** The array that comes next, and where its bytes begin. */
    private int next;
    private int at;

    ForestReader(byte[] content) {
        this.content = content;
        ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        unless(content.length >= 20 && bytes.getLong() == MAGIC, "it does not begin as a forest");
        unless(bytes.getInt() == 1, "this runtime does not know its version");
        int length = bytes.getInt();
        CRC32 checksum = new CRC32();
        checksum.update(content, 0, end());
        unless((int) checksum.getValue() == bytes.getInt(end()), "its checksum does not fit");
        unless(length >= 0 && length <= end() - 16, "its header is longer than the file");
        at = 16 + length;
        bytes.limit(at);
        header = Header.read(bytes);
    }

    int bytes() {
        return content.length;
    }

    private int end() {
        return content.length - 4;
    }

    private Object entry(int place) {
        return ((List<?>) header.arrays.get(next)).get(place);
    }

    /** Whether this array comes next. */
    boolean has(String name) {
        return next < header.arrays.size() && entry(0).equals(name);
    }

    /** How many elements the array has that comes next; 0 where it is another one. */
    int length(String name) {
        return has(name) ? ((Long) entry(2)).intValue() : 0;
    }

    /** How many bytes an element of it has, after a check that the array is of this kind and length, and in the file. */
    private int width(String name, long length, char kind) {
        unless(length(name) == length, name + " has the wrong length");
        if (length == 0 && !has(name)) {
            return 0;
        }
        String type = (String) entry(1);
        int width = type.charAt(1) - '0';
        unless(type.charAt(0) == kind && length * width <= end() - at, MISFIT);
        next++;
        return width;
    }

    /** Takes an array of unsigned integers below {@code limit}; it may be absent only where its length is 0. */
    int[] integers(String name, long length, long limit) {
        int width = width(name, length, 'u');
        int[] values = planes((int) length, width);
        boolean fits = true;
        for (int value : values) {
            fits &= Integer.toUnsignedLong(value) < limit;
        }
        unless(fits, name + " is out of range");
        return values;
    }

    /** Takes an array of floats, none of them NaN or beyond {@code most}; it may be absent only where its length is 0. */
    double[] floats(String name, long length, double most) {
        boolean wide = width(name, length, 'f') == 8;
        int[] low = planes((int) length, 4);
        int[] high = planes(wide ? (int) length : 0, 4);
        double[] values = new double[low.length];
        boolean fits = true;
        for (int i = 0; i < values.length; i++) {
            values[i] = wide ? Double.longBitsToDouble((long) high[i] << 32 | low[i] & 0xFFFFFFFFL) : Float.intBitsToFloat(low[i]);
            fits &= Math.abs(values[i]) <= most;
        }
        unless(fits, name + " is out of range");
        return values;
    }

    private int[] planes(int length, int width) {
        int[] values = new int[length];
        for (int plane = 0; plane < width; plane++) {
            for (int i = 0; i < length; i++) {
                values[i] |= (content[at++] & 255) << 8 * plane;
            }
        }
        return values;
    }

    /** Refuses arrays that nobody has asked for. */
    void close() {
        unless(next == header.arrays.size() && at == end(), MISFIT);
    }
}
