package mlconvert.jpmml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.dmg.pmml.PMML;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeXmlTest {
    private static final String ROOT = "<PMML xmlns=\"http://www.dmg.org/PMML-4_4\" version=\"4.4\">";

    private static PMML read(String text) throws RefusedException {
        return SafeXml.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static RefusedException refused(String text) {
        return assertThrows(RefusedException.class, () -> read(text));
    }

    @Test
    void aDocumentIsRead() throws RefusedException {
        PMML read = read(ROOT + "<Header copyright=\"a &amp; b\"/><DataDictionary/></PMML>");
        assertEquals("a & b", read.getHeader().getCopyright());
    }

    @Test
    void billionLaughsAreRefused() {
        StringBuilder text = new StringBuilder("<!DOCTYPE PMML [<!ENTITY a0 \"ha\">");
        for (int i = 1; i < 40; i++) {
            text.append("<!ENTITY a").append(i).append(" \"&a").append(i - 1).append(";&a").append(i - 1).append(";\">");
        }
        text.append("]>").append(ROOT).append("<Header copyright=\"&a39;\"/></PMML>");
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> assertEquals("unsafe-xml", refused(text.toString()).code));
    }

    @Test
    void anExternalEntityIsRefused(@TempDir Path folder) throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "secret");
        String text = "<!DOCTYPE PMML [<!ENTITY x SYSTEM \"" + secret.toUri() + "\">]>" + ROOT + "<Header copyright=\"&x;\"/></PMML>";
        RefusedException refusal = refused(text);
        assertEquals("unsafe-xml", refusal.code);
        assertFalse(refusal.getMessage().contains("\n"));
    }

    @Test
    void anExternalDocumentTypeIsRefused() {
        assertEquals("unsafe-xml", refused("<!DOCTYPE PMML SYSTEM \"http://127.0.0.1:9/pmml.dtd\">" + ROOT + "</PMML>").code);
    }

    @Test
    void gigabytesOfNestingAreRefused() {
        RefusedException refusal = assertTimeoutPreemptively(Duration.ofSeconds(20), () ->
                assertThrows(RefusedException.class, () -> SafeXml.read(new Nesting(1L << 31))));
        assertEquals("too-nested", refusal.code);
    }

    @Test
    void whatIsNoXmlIsRefusedInOneLine() {
        for (String text : new String[] {"", "tree\nversion=v4", ROOT, ROOT + "<Header></Footer></PMML>", "<html/>"}) {
            RefusedException refusal = refused(text);
            assertEquals("bad-pmml", refusal.code, text);
            assertFalse(refusal.getMessage().contains("\n"), refusal.getMessage());
        }
    }

    @Test
    void anElementThatPmmlDoesNotHaveIsNoPmml() {
        assertEquals("bad-pmml", refused("<a xmlns=\"http://www.dmg.org/PMML-4_4\"/>").code);
    }

    /** Opening tags without an end, made as they are read. */
    private static final class Nesting extends InputStream {
        private static final byte[] TAG = "<Extension>".getBytes(StandardCharsets.US_ASCII);

        private final byte[] head = ROOT.getBytes(StandardCharsets.US_ASCII);
        private final long length;
        private long place;

        Nesting(long length) {
            this.length = length;
        }

        @Override
        public int read() {
            if (place >= length) {
                return -1;
            }
            long own = place++;
            return own < head.length ? head[(int) own] : TAG[(int) ((own - head.length) % TAG.length)];
        }
    }
}
