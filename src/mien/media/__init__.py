"""Photos, folders, video and cameras: what a person names becomes pictures with names and time stamps."""

from mien.media.ahead import read_ahead
from mien.media.photo import read_photo
from mien.media.source import Source
from mien.media.sources import PHOTO_SUFFIXES, VIDEO_SUFFIXES, find_sources, folder_sources
from mien.media.video import VideoFrame, read_video, video_size_fps

__all__ = [
    "PHOTO_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Source",
    "VideoFrame",
    "find_sources",
    "folder_sources",
    "read_ahead",
    "read_photo",
    "read_video",
    "video_size_fps",
]
