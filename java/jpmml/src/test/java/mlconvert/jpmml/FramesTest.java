package mlconvert.jpmml;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FramesTest {
    private static byte[] frame(int length, byte[] body) {
        return ByteBuffer.allocate(Integer.BYTES + body.length).order(ByteOrder.LITTLE_ENDIAN).putInt(length).put(body).array();
    }

    private static Frames of(byte[] content) {
        return new Frames(new ByteArrayInputStream(content), OutputStream.nullOutputStream());
    }

    @Test
    void requestsAreReadOneAfterTheOther() throws IOException {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.write(frame(7, "{\"a\":1}".getBytes(StandardCharsets.UTF_8)));
        both.write(frame(0, new byte[0]));
        Frames frames = of(both.toByteArray());
        assertEquals(1, Frames.parse(frames.receive()).get("a").getAsInt());
        assertEquals(0, frames.receive().length);
        assertNull(frames.receive());
    }

    @Test
    void namesOfAnyLanguageAndMarksStayWhole() throws IOException {
        String name = "Zürich\u0000\"<&>\n\u2028 \uD83C\uDF32";
        JsonObject told = new JsonObject();
        told.addProperty("name", name);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new Frames(new ByteArrayInputStream(new byte[0]), out).send(Frames.DONE, told);
        byte[] sent = out.toByteArray();
        ByteBuffer content = ByteBuffer.wrap(sent).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(sent.length - Integer.BYTES, content.getInt());
        assertEquals(Frames.DONE, content.get());
        byte[] body = new byte[content.remaining()];
        content.get(body);
        assertEquals(name, Frames.parse(body).get("name").getAsString());
    }

    @Test
    void anInputThatBreaksOffIsItsEnd() throws IOException {
        assertNull(of(new byte[] {1, 0}).receive());
        assertNull(of(frame(100, new byte[10])).receive());
    }

    @Test
    void noLengthIsTakenOnTrust() {
        assertThrows(IOException.class, () -> of(frame(-1, new byte[0])).receive());
        assertThrows(IOException.class, () -> of(frame(Integer.MAX_VALUE, new byte[0])).receive());
    }

    @Test
    void whatIsNoObjectThrows() {
        for (String text : new String[] {"", "[]", "1", "{", "null"}) {
            assertThrows(RuntimeException.class, () -> Frames.parse(text.getBytes(StandardCharsets.UTF_8)), text);
        }
        assertArrayEquals(new Object[0], Frames.parse("{}".getBytes(StandardCharsets.UTF_8)).keySet().toArray());
    }
}
