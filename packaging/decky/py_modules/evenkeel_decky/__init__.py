"""The plugin's backend: what main.py hands to the loader. Nothing here starts a program, so the
loader's LD_LIBRARY_PATH can reach none, and nothing waits on the loader's asyncio loop but awaits."""
