package mlconvert.jpmml;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The messages: a length (an int, little-endian) and a body. A request's body is a JSON object; an answer's is a byte (0: done, 1:
 * refused) and a JSON object.
 */
final class Frames {
    static final byte DONE = 0;
    static final byte REFUSED = 1;
    // Arrays and models travel as files; no request comes near.
    private static final int LONGEST = 1 << 26;

    private final DataInputStream in;
    private final OutputStream out;

    Frames(InputStream in, OutputStream out) {
        this.in = new DataInputStream(in);
        this.out = out;
    }

    /** The body of the next request, or null at the input's end. */
    byte[] receive() throws IOException {
        int length;
        try {
            length = Integer.reverseBytes(in.readInt());
        } catch (EOFException end) {
            return null;
        }
        if (length < 0 || length > LONGEST) {
            throw new IOException("a request of " + length + " bytes");
        }
        byte[] body = in.readNBytes(length);
        return body.length < length ? null : body;
    }

    /** The object in a request's body; anything else throws. */
    static JsonObject parse(byte[] body) {
        return JsonParser.parseString(new String(body, StandardCharsets.UTF_8)).getAsJsonObject();
    }

    void send(byte status, JsonObject answer) throws IOException {
        byte[] text = answer.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + 1 + text.length).order(ByteOrder.LITTLE_ENDIAN);
        out.write(frame.putInt(1 + text.length).put(status).put(text).array());
        out.flush();
    }
}
