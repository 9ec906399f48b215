// Makes a photo smaller before it is sent, where the site would refuse it for its size.

const LONGEST = 2560; // pixels; the site keeps 2,048
const QUALITY = 0.9;

// A JPEG file with at most LONGEST pixels, upright as the camera's note says; null if this browser cannot read it.
export async function shrink(file) {
  const picture = new Image();
  picture.src = URL.createObjectURL(file);
  try {
    await picture.decode();
    // Browsers turn the picture as its EXIF says, both here and on the canvas; the note itself does not travel along.
    const scale = Math.min(1, LONGEST / Math.max(picture.naturalWidth, picture.naturalHeight));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale));
    const brush = canvas.getContext("2d");
    brush.fillStyle = "white"; // under what is transparent
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.imageSmoothingQuality = "high";
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return blob && new File([blob], `${file.name.replace(/\.\w+$/, "")}.jpg`, { type: "image/jpeg" });
  } catch (error) {
    if (error instanceof DOMException) return null; // not a picture that it can read, or too large for its memory
    throw error;
  } finally {
    URL.revokeObjectURL(picture.src);
  }
}
