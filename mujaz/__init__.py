"""mujaz (موجز, a news brief): label and summarize Arabic text with transformers."""
