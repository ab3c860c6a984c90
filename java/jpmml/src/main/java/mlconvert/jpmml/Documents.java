package mlconvert.jpmml;

import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmg.pmml.PMML;
import org.jpmml.model.metro.MetroJAXBSerializer;

/** PMML documents as files. */
final class Documents {
    private Documents() {
    }

    static void write(PMML pmml, Path file) throws Exception {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            new MetroJAXBSerializer().serializePretty(pmml, out);
        }
    }
}
