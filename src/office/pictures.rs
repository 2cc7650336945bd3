//! Pictures of questions: drawn anew from their pixels, so that nothing but a picture is left of what was sent.

use crate::domain::time::Timestamp;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::PictureRow;
use crate::office::by::By;
use crate::office::refusal::DeskRefusal;
use data_encoding::HEXLOWER;
use image::ImageDecoder;
use image::ImageFormat;
use image::ImageReader;
use image::Limits;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use std::io::Cursor;

/// Bytes that are sent; more is refused unread.
pub const SENT_BYTES_MAX: usize = 8 << 20;
/// Sides of what is sent, in pixels; more is refused before anything is unpacked.
const SENT_SIDE_MAX: u32 = 8_192;
const SENT_PIXELS_MAX: u64 = 40_000_000;
/// What unpacking may take; more is refused.
const UNPACKED_BYTES_MAX: u64 = 256 << 20;
/// Sides of what is kept, in pixels: what is larger is made smaller.
pub const KEPT_SIDE_MAX: u32 = 2_048;
/// Bytes of what is kept: a phone waits for it. What is larger is made smaller until it fits.
pub const KEPT_BYTES_MAX: usize = 300 << 10;
/// Pictures of a desk, half a gigabyte or so; more are refused.
pub const PICTURES_MAX: i64 = 5_000;
/// Tried one after the other until the picture is small enough.
const QUALITIES: [u8; 4] = [88, 80, 70, 60];
/// Below this side nobody sees anything, and the picture is refused.
const SIDE_MIN: u32 = 160;

/// Names as [`keep`] gives them: a digest and `.png` or `.jpg`.
pub fn is_id(name: &str) -> bool {
    let digest = name.strip_suffix(".png").or_else(|| name.strip_suffix(".jpg"));
    digest.is_some_and(|digest| digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// # Errors
/// It is no picture that is taken, or too large; there are too many.
pub async fn keep(desk: &DeskStore, by: &By, sent: Vec<u8>) -> Result<PictureRow, DeskRefusal> {
    let drawn = tokio::task::spawn_blocking(move || redrawn(&sent)).await;
    let picture = drawn.map_err(|_| DeskRefusal::Bad(UNREADABLE.to_owned()))?.map_err(DeskRefusal::Bad)?;
    let mut act = desk.begin().await?;
    if act.picture(&picture.id).await?.is_some() {
        return Ok(picture);
    }
    if act.pictures().await? >= PICTURES_MAX {
        return Err(DeskRefusal::Conflict(format!("图片已经有 {PICTURES_MAX} 张，不能再加")));
    }
    act.insert_picture(&picture, &by.staff, Timestamp(by.at.0)).await?;
    let after = json!({"width": picture.width, "height": picture.height, "bytes": picture.bytes.len()});
    act.commit(by.change("picture.kept", format!("picture:{}", picture.id), Value::Null, after)).await?;
    Ok(picture)
}

const UNREADABLE: &str = "这张图片打不开：只接受 PNG、JPEG 和 WebP";

/// The picture as it is kept: its own pixels, upright, small enough, without anything else that was in the file.
fn redrawn(sent: &[u8]) -> Result<PictureRow, String> {
    let unreadable = |_| UNREADABLE.to_owned();
    let format = image::guess_format(sent).map_err(unreadable)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) {
        return Err(UNREADABLE.to_owned());
    }
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SENT_SIDE_MAX);
    limits.max_image_height = Some(SENT_SIDE_MAX);
    limits.max_alloc = Some(UNPACKED_BYTES_MAX);
    reader.limits(limits);
    // What is in its head is looked at before any pixel is unpacked.
    let mut decoder = reader.into_decoder().map_err(too_large_or_broken)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > SENT_PIXELS_MAX {
        return Err(too_large());
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut picture = image::DynamicImage::from_decoder(decoder).map_err(too_large_or_broken)?;
    picture.apply_orientation(orientation);
    if picture.width() > KEPT_SIDE_MAX || picture.height() > KEPT_SIDE_MAX {
        picture = picture.resize(KEPT_SIDE_MAX, KEPT_SIDE_MAX, FilterType::Lanczos3);
    }
    loop {
        if let Some((kind, ending, bytes)) = small_enough(&picture, format)? {
            let id = format!("{}.{ending}", HEXLOWER.encode(&Sha256::digest(&bytes)));
            return Ok(PictureRow {
                id,
                kind: kind.to_owned(),
                width: picture.width(),
                height: picture.height(),
                bytes,
            });
        }
        let (width, height) = (picture.width() * 3 / 4, picture.height() * 3 / 4);
        if width.max(height) < SIDE_MIN {
            return Err("这张图片压不到 300 KB 以内，请换一张".to_owned());
        }
        picture = picture.resize(width.max(1), height.max(1), FilterType::Lanczos3);
    }
}

/// Drawings stay exact as PNG; photographs, and what is too large so, become JPEG on white.
fn small_enough(
    picture: &image::DynamicImage,
    sent_as: ImageFormat,
) -> Result<Option<(&'static str, &'static str, Vec<u8>)>, String> {
    let failed = |_| UNREADABLE.to_owned();
    if sent_as != ImageFormat::Jpeg {
        let mut bytes = Vec::new();
        let flat = image::DynamicImage::ImageRgba8(picture.to_rgba8());
        flat.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(failed)?;
        if bytes.len() <= KEPT_BYTES_MAX {
            return Ok(Some(("image/png", "png", bytes)));
        }
    }
    let on_white = on_white(picture);
    for quality in QUALITIES {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&on_white).map_err(failed)?;
        if bytes.len() <= KEPT_BYTES_MAX {
            return Ok(Some(("image/jpeg", "jpg", bytes)));
        }
    }
    Ok(None)
}

fn on_white(picture: &image::DynamicImage) -> image::RgbImage {
    let with_alpha = picture.to_rgba8();
    image::RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let image::Rgba([r, g, b, a]) = *with_alpha.get_pixel(x, y);
        let over = |c: u8| ((u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a))) / 255) as u8;
        image::Rgb([over(r), over(g), over(b)])
    })
}

fn too_large() -> String {
    format!("图片太大：每边最多 {SENT_SIDE_MAX} 像素，总共最多 4,000 万像素")
}

fn too_large_or_broken(error: image::ImageError) -> String {
    if matches!(error, image::ImageError::Limits(_)) { too_large() } else { UNREADABLE.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::DynamicImage;

    fn sent(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    /// Pixels that no encoder makes small.
    fn noise(width: u32, height: u32) -> DynamicImage {
        let mut state = 7_u32;
        DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([(state >> 8) as u8, (state >> 16) as u8, (state >> 24) as u8])
        }))
    }

    #[test]
    fn a_small_drawing_keeps_every_pixel_and_nothing_else() {
        let drawing = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(20, 10, image::Rgba([9, 8, 7, 100])));
        let mut bytes = sent(&drawing, ImageFormat::Png);
        bytes.extend_from_slice(b"<script>alert(1)</script>");
        let kept = redrawn(&bytes).unwrap();
        assert_eq!((kept.width, kept.height, kept.kind.as_str()), (20, 10, "image/png"));
        assert!(!kept.bytes.windows(8).any(|piece| piece == b"<script>"));
        assert_eq!(image::load_from_memory(&kept.bytes).unwrap().to_rgba8(), drawing.to_rgba8());
        assert!(is_id(&kept.id), "{}", kept.id);
        assert_eq!(redrawn(&bytes).unwrap(), kept, "the same picture has the same name");
        let webp = redrawn(&sent(&drawing, ImageFormat::WebP)).unwrap();
        assert_eq!(webp.id, kept.id);
    }

    #[test]
    fn what_is_too_large_for_a_phone_is_made_smaller() {
        let kept = redrawn(&sent(&noise(2_500, 1_000), ImageFormat::Jpeg)).unwrap();
        assert!(
            kept.bytes.len() <= KEPT_BYTES_MAX && kept.width <= KEPT_SIDE_MAX,
            "{} {}",
            kept.bytes.len(),
            kept.width
        );
        assert_eq!(kept.kind, "image/jpeg");
        assert_eq!(image::load_from_memory(&kept.bytes).unwrap().width(), kept.width);
    }

    #[test]
    fn a_picture_that_says_it_is_huge_is_refused_before_it_is_unpacked() {
        let mut bytes = sent(&noise(1, 1), ImageFormat::Png);
        // Width and height stand in the header; its checksum is made right again.
        bytes[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        let sum = crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(redrawn(&bytes), Err(too_large()));
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg()))
        })
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for bytes in
            [&b""[..], b"GIF89a\x01\x00\x01\x00", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
        {
            assert_eq!(redrawn(bytes), Err(UNREADABLE.to_owned()));
        }
        let png = sent(&noise(64, 64), ImageFormat::Png);
        assert_eq!(redrawn(&png[..png.len() / 2]), Err(UNREADABLE.to_owned()));
    }
}
