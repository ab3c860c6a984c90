package mlconvert.jpmml;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.XMLConstants;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParserFactory;
import javax.xml.transform.sax.SAXSource;
import org.dmg.pmml.PMML;
import org.jpmml.model.filters.ImportFilter;
import org.jpmml.model.metro.MetroJAXBSerializer;
import org.xml.sax.Attributes;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.XMLReader;
import org.xml.sax.helpers.XMLFilterImpl;

/**
 * Reads PMML that nobody vouches for: no document type, no entity but XML's own five, bounded depth and size. The bounds are those of
 * {@code pmmlfile.parsing}.
 */
final class SafeXml {
    /** The deepest nesting of elements; a tree of this many levels nests as deep. */
    static final int DEEPEST = 2048;
    /** The most elements. */
    static final int MOST = 100_000_000;
    /** The largest document, in bytes. */
    static final long LARGEST = 1L << 32;

    private static final String SAX = "http://xml.org/sax/features/";
    private static final String XERCES = "http://apache.org/xml/features/";

    private SafeXml() {
    }

    /**
     * The document in a file.
     *
     * @throws RefusedException {@code unsafe-xml}, {@code too-nested}, {@code too-large} or {@code bad-pmml}
     */
    static PMML read(Path file) throws IOException, RefusedException {
        if (Files.size(file) > LARGEST) {
            throw new RefusedException("too-large", "", "the document has more than " + (LARGEST >> 30) + " GiB");
        }
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            return read(in);
        }
    }

    /** The document in a stream, as {@link #read(Path)} has it. */
    static PMML read(InputStream in) throws RefusedException {
        Bounds bounds;
        try {
            bounds = new Bounds(parser());
        } catch (ParserConfigurationException | SAXException absent) {
            throw new IllegalStateException("this Java's own XML parser cannot be made safe", absent);
        }
        try {
            Object read = new MetroJAXBSerializer().unmarshal(new SAXSource(new ImportFilter(bounds), new InputSource(in)));
            if (read instanceof PMML) {
                return (PMML) read;
            }
        } catch (Exception broken) {
            throw refusal(broken);
        }
        throw new RefusedException("bad-pmml", "the root", "it is no PMML document");
    }

    /** The parser of the JDK itself, whatever the class path offers. */
    private static XMLReader parser() throws ParserConfigurationException, SAXException {
        SAXParserFactory factory = SAXParserFactory.newDefaultInstance();
        factory.setNamespaceAware(true);
        factory.setXIncludeAware(false);
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        factory.setFeature(XERCES + "disallow-doctype-decl", true);
        factory.setFeature(XERCES + "nonvalidating/load-external-dtd", false);
        factory.setFeature(SAX + "external-general-entities", false);
        factory.setFeature(SAX + "external-parameter-entities", false);
        return factory.newSAXParser().getXMLReader();
    }

    private static RefusedException refusal(Throwable broken) {
        Throwable cause = broken;
        while (cause.getCause() != null && !(cause instanceof BoundException)) {
            cause = cause.getCause();
        }
        String message = String.valueOf(cause.getMessage());
        if (cause instanceof BoundException) {
            return new RefusedException(((BoundException) cause).code, "", message);
        }
        if (message.contains("DOCTYPE")) {
            return new RefusedException("unsafe-xml", "DOCTYPE", "the document declares a document type, which PMML does not need");
        }
        return new RefusedException("bad-pmml", "", Reason.of(cause).get("message").getAsString());
    }

    private static final class BoundException extends SAXException {
        private static final long serialVersionUID = 1;

        final String code;

        BoundException(String code, String message) {
            super(message);
            this.code = code;
        }
    }

    /** Counts elements, and how deep they nest. */
    private static final class Bounds extends XMLFilterImpl {
        private int depth;
        private int elements;

        Bounds(XMLReader parent) {
            super(parent);
        }

        @Override
        public void startElement(String uri, String localName, String name, Attributes attributes) throws SAXException {
            if (++depth > DEEPEST) {
                throw new BoundException("too-nested", "its elements nest more than " + DEEPEST + " deep");
            }
            if (++elements > MOST) {
                throw new BoundException("too-large", "it has more than " + MOST + " elements");
            }
            super.startElement(uri, localName, name, attributes);
        }

        @Override
        public void endElement(String uri, String localName, String name) throws SAXException {
            depth--;
            super.endElement(uri, localName, name);
        }
    }
}
