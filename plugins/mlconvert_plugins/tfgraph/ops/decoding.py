"""Images out of the bytes of their files."""

from __future__ import annotations

from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value


@op("ImageDecoder", since=(20,), only={"pixel_format": ("RGB", "BGR", "Grayscale")})
def image_decoder(x: Value, *, pixel_format: str = "RGB") -> Value:
    """JPEG, PNG, GIF, BMP and WebP as [height, width, channels]; other formats are an error when the model runs."""
    letters = tf.constant(np.array([bytes([byte]) for byte in range(256)], dtype=object))
    content = tf.strings.reduce_join(tf.gather(letters, tf.cast(x.tensor, tf.int32)))
    image = tf.case(
        [
            (tf.equal(tf.strings.substr(content, 0, 2), "BM"), lambda: tf.io.decode_bmp(content, 3)),
            # WebP's images may move, and have an alpha channel; this one's first frame.
            (tf.equal(tf.strings.substr(content, 8, 4), "WEBP"), lambda: tf.io.decode_webp(content, 3)[0]),
        ],
        # This reads PNG and GIF as well. The accurate transform is what other libraries take by default.
        default=lambda: tf.io.decode_jpeg(content, 3, dct_method="INTEGER_ACCURATE"),
    )
    if pixel_format == "BGR":
        image = tf.reverse(image, [2])
    elif pixel_format == "Grayscale":
        image = _luma(image)
    return Value(image)


def _luma(image: tf.Tensor) -> tf.Tensor:
    """ITU-R BT.601 in 16 bits of fraction, rounded: what Pillow computes, and thereby ONNX's reference."""
    weights = tf.constant([19595, 38470, 7471], tf.int32)
    total = tf.reduce_sum(tf.cast(image, tf.int32) * weights, -1, keepdims=True)
    return tf.cast((total + 0x8000) // 0x10000, tf.uint8)
