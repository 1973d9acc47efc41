"""Photos, folders, video and cameras: what a person names becomes images with names and time stamps."""

from mien.media.ahead import read_ahead
from mien.media.photo import decode_photo, megapixels, read_photo
from mien.media.source import Source
from mien.media.sources import PHOTO_SUFFIXES, VIDEO_SUFFIXES, find_sources, folder_sources
from mien.media.video import VideoFrame, read_video, video_seconds, video_size_fps

__all__ = [
    "PHOTO_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Source",
    "VideoFrame",
    "decode_photo",
    "find_sources",
    "folder_sources",
    "megapixels",
    "read_ahead",
    "read_photo",
    "read_video",
    "video_seconds",
    "video_size_fps",
]
