// Makes a photo smaller before it is sent, where the site would refuse it for its size.

const SIDES = [2560, 2048, 1600]; // pixels of the longer side; the site keeps 2,048
const QUALITY = 0.9;

// A JPEG file of at most ``limit`` bytes, upright as the camera's note says; null if this browser cannot make one.
export async function shrink(file, limit) {
  const picture = new Image();
  picture.src = URL.createObjectURL(file);
  try {
    await picture.decode();
    for (const side of SIDES) {
      const blob = await drawn(picture, side);
      if (blob === null) return null;
      if (blob.size <= limit) return new File([blob], `${file.name.replace(/\.\w+$/, "")}.jpg`, { type: "image/jpeg" });
    }
    return null;
  } catch (error) {
    if (error instanceof DOMException) return null; // not a picture that it can read, or too large for its memory
    throw error;
  } finally {
    URL.revokeObjectURL(picture.src);
  }
}

// Browsers turn the picture as its EXIF says, both here and on the canvas; the note itself does not travel along.
function drawn(picture, side) {
  const scale = Math.min(1, side / Math.max(picture.naturalWidth, picture.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale));
  const brush = canvas.getContext("2d");
  brush.fillStyle = "white"; // under what is transparent
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.imageSmoothingQuality = "high";
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}
