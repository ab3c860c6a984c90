package mlconvert.driver;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Answers requests about one model's jar until its input ends.
 *
 * <p>A request is its length (an int), a command (a byte) and a body; an answer is its length, a byte (0: done, 1: refused, with
 * the reason in UTF-8 as its body) and a body. Numbers are little-endian. Rows lie one behind the other, a double for each column. The
 * first answer comes without a request: {@link Subject#shape()}.
 *
 * <table>
 *   <caption>Commands</caption>
 *   <tr><th>command</th><th>body</th><th>answer</th></tr>
 *   <tr><td>s, score</td><td>rows</td><td>nanoseconds (long), margins, predictions (doubles), places of labels (ints)</td></tr>
 *   <tr><td>l, leaves</td><td>rows</td><td>the source library's leaf numbers (ints)</td></tr>
 *   <tr><td>r, time rows</td><td>warm-up calls, rounds (ints), rows</td><td>nanoseconds of every call (longs)</td></tr>
 *   <tr><td>b, time batches</td><td>warm-up calls, rounds (ints), rows</td><td>nanoseconds of every call (longs)</td></tr>
 *   <tr><td>o, time loading</td><td>warm-up calls, rounds (ints)</td><td>nanoseconds of every call (longs)</td></tr>
 *   <tr><td>g, golden rows</td><td></td><td>how many were checked (int)</td></tr>
 * </table>
 */
public final class Serve {
    private static final byte DONE = 0;
    private static final byte REFUSED = 1;

    private Serve() {
    }

    /**
     * Serves stdin and stdout.
     *
     * @param args the runtime's package, the model's name, and the jars of the class path, the model's own first
     * @throws IOException where stdin or stdout is gone
     */
    public static void main(String[] args) throws IOException {
        DataInputStream in = new DataInputStream(System.in);
        PrintStream out = System.out;
        // Whatever the jar prints must not come between the answers.
        System.setOut(System.err);
        Subject subject;
        try {
            subject = new Subject(args);
            send(out, DONE, subject.shape());
        } catch (Throwable refused) {
            send(out, REFUSED, reason(refused));
            return;
        }
        for (ByteBuffer request = receive(in); request != null; request = receive(in)) {
            try {
                send(out, DONE, answer(subject, request));
            } catch (Throwable refused) {
                send(out, REFUSED, reason(refused));
            }
        }
    }

    private static ByteBuffer answer(Subject subject, ByteBuffer request) throws Throwable {
        char command = (char) request.get();
        switch (command) {
            case 's':
                return subject.score(doubles(request));
            case 'l':
                return subject.leaves(doubles(request));
            case 'r':
                return subject.timeRows(request.getInt(), request.getInt(), doubles(request));
            case 'b':
                return subject.timeBatches(request.getInt(), request.getInt(), doubles(request));
            case 'o':
                return subject.timeLoading(request.getInt(), request.getInt());
            case 'g':
                return subject.selfTest();
            default:
                throw new IllegalArgumentException("there is no command " + command);
        }
    }

    private static double[] doubles(ByteBuffer request) {
        double[] values = new double[request.remaining() / Double.BYTES];
        request.asDoubleBuffer().get(values);
        return values;
    }

    /** Room for an answer of this many bytes. */
    static ByteBuffer room(long bytes) {
        return ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer reason(Throwable refused) {
        return ByteBuffer.wrap(refused.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The next request, or null at the input's end. */
    private static ByteBuffer receive(DataInputStream in) throws IOException {
        int length;
        try {
            length = Integer.reverseBytes(in.readInt());
        } catch (EOFException end) {
            return null;
        }
        byte[] content = in.readNBytes(length);
        return content.length < length ? null : ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void send(OutputStream out, byte status, ByteBuffer body) throws IOException {
        out.write(room(Integer.BYTES + 1).putInt(body.capacity() + 1).put(status).array());
        out.write(body.array());
        out.flush();
    }
}
