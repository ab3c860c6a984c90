package mlconvert.jpmml;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Arrays in files: little-endian, C order, and nothing else. */
final class Arrays {
    private Arrays() {
    }

    static double[] doubles(Path file) throws IOException {
        ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        double[] values = new double[content.remaining() / Double.BYTES];
        content.asDoubleBuffer().get(values);
        return values;
    }

    /** Room for an array of this many bytes. */
    static ByteBuffer room(long bytes) {
        return ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
    }

    static void write(Path file, ByteBuffer content) throws IOException {
        Files.write(file, content.array());
    }
}
