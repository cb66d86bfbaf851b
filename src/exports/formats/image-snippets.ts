// The lines of usage examples that read an image as the product does: upright, in sRGB, on a white background, and stretched
// to a square, with Lanczos's filter.

/** Python with Pillow, after `from PIL import Image, ImageOps`: `image_file` and `size` -> `pixels`, uint8 [size, size, 3]. */
export const PYTHON_IMAGE = `# Upright, on a white background, stretched to a square.
image = ImageOps.exif_transpose(Image.open(image_file)).convert("RGBA")
image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
pixels = np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))`;

/** JavaScript with sharp, after `import sharp from "sharp"`: `imageFile` and `size` -> `pixels`, a Buffer. */
export const JAVASCRIPT_IMAGE = `// Upright, on a white background, stretched to a square.
const pixels = await sharp(imageFile)
  .autoOrient()
  .flatten({ background: "#ffffff" })
  .resize(size, size, { fit: "fill" })
  .toColourspace("srgb")
  .raw({ depth: "uchar" })
  .toBuffer();`;
