"""Settings: ``shenava.toml`` in the data folder or the current one, overridden by ``SHENAVA_*``.

Secrets come from the environment or the encrypted store alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from crm.errors import InvalidInputError
from crm.ports.signin import App
from shenava.logs import Form

DEFAULT_DATA = Path("data")
FILE = "shenava.toml"
SECRET_ENDINGS = ("_key", "_password", "_secret")
URL_SIGNS = frozenset("#?%")


class _File(TomlConfigSettingsSource):
    """The settings file, in which no secret may lie."""

    def __call__(self) -> dict[str, Any]:
        """What the file says. Raises InvalidInputError where it holds a secret."""
        said = super().__call__()
        if secrets := sorted(name for name, value in said.items() if _is_secret(name, value)):
            variables = ", ".join(f"SHENAVA_{name.upper()}" for name in secrets)
            raise InvalidInputError(
                f"{FILE} holds a secret ({', '.join(secrets)}); take it out and set {variables} in the environment."
            )
        return said


def without_password(url: str) -> str:
    """A store's URL as it may be shown and written down."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{name}@{host}" if name else host)) if ":" in user else url


def _is_secret(name: str, value: object) -> bool:
    return name.endswith(SECRET_ENDINGS) or (name.endswith("_url") and without_password(str(value)) != value)


class Settings(BaseSettings):
    """Everything that an installation decides. URLs that are empty mean the embedded store in the data folder."""

    model_config = SettingsConfigDict(env_prefix="SHENAVA_", extra="forbid", frozen=True)

    data: Path = DEFAULT_DATA
    host: str = "127.0.0.1"
    port: int = Field(8050, ge=0, le=65535)
    public_url: str = ""
    behind_proxy: bool = False
    stream_url: str = ""
    index_url: str = ""
    records_url: str = ""
    records_password: str = Field("", repr=False)
    kafka_username: str = ""
    kafka_password: str = Field("", repr=False)
    elasticsearch_api_key: str = Field("", repr=False)
    elasticsearch_username: str = ""
    elasticsearch_password: str = Field("", repr=False)
    secret_key: str = Field("", repr=False)
    x_client_id: str = ""
    x_client_secret: str = Field("", repr=False)
    reddit_client_id: str = ""
    reddit_client_secret: str = Field("", repr=False)
    meta_client_id: str = ""
    meta_client_secret: str = Field("", repr=False)
    meta_config_id: str = ""
    google_client_id: str = ""
    google_client_secret: str = Field("", repr=False)
    allow_addresses: tuple[str, ...] = ()
    zone: str = "Asia/Tehran"
    backups_kept_days: int = Field(30, ge=1)
    sentiment_model: str = ""
    sentiment_model_labels: str = ""
    sentiment_model_share: float = Field(0.1, gt=0, le=1)
    index_kept_months: int = Field(0, ge=0, le=1200)
    log: Form = "text"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was said on the command line, then the environment, then the file."""
        del dotenv_settings, file_secret_settings
        data = init_settings().get("data") or env_settings().get("data") or DEFAULT_DATA
        files = [Path(FILE), Path(str(data)) / FILE]
        return init_settings, env_settings, _File(settings_cls, files)

    @classmethod
    def load(cls, **said: object) -> Self:
        """Read the settings; `said` are values of the command line, None where nothing was said.

        Raises InvalidInputError naming every setting that can't be used.
        """
        try:
            made = cls(**{name: value for name, value in said.items() if value is not None})  # type: ignore[arg-type]
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise InvalidInputError(f"The settings can't be used: {faults}.") from error
        except (OSError, ValueError) as error:
            raise InvalidInputError(f"The settings file {FILE} can't be read: {error}.") from error
        if odd := sorted(set(str(made.data.resolve())) & URL_SIGNS):
            raise InvalidInputError(
                f"The data folder {made.data.resolve()} has {' and '.join(odd)} in its path, which mean something else "
                "in the addresses of the stores: choose another folder with --data."
            )
        return made

    @property
    def redirect_uri(self) -> str:
        """Where platforms send people back to after a sign-in, by the address that people type."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(
            self.host, f"[{self.host}]" if ":" in self.host else self.host
        )
        return f"{self.public_url.rstrip('/') or f'http://{host}:{self.port}'}/oauth/back"

    @property
    def apps(self) -> dict[str, App]:
        """Our apps on platforms that allow sign-in, by platform."""
        said = {
            "x": App(self.x_client_id, self.x_client_secret),
            "reddit": App(self.reddit_client_id, self.reddit_client_secret),
            "facebook": App(self.meta_client_id, self.meta_client_secret, config_id=self.meta_config_id),
            "instagram": App(self.meta_client_id, self.meta_client_secret, config_id=self.meta_config_id),
            "youtube": App(self.google_client_id, self.google_client_secret),
        }
        return {platform: app for platform, app in said.items() if app.client_id}

    @property
    def embedded(self) -> bool:
        """Whether every store is a file of the data folder."""
        here = {"stream": self.stream, "index": self.index, "records": self.records}
        return all(url == self._file(name) for name, url in here.items())

    def _file(self, name: str) -> str:
        return f"sqlite:///{self.data.resolve() / f'{name}.sqlite'}"

    @property
    def stream(self) -> str:
        """URL of the stream."""
        return self.stream_url or self._file("stream")

    @property
    def index(self) -> str:
        """URL of the index."""
        return self.index_url or self._file("index")

    @property
    def records(self) -> str:
        """URL of the records."""
        return self.records_url or self._file("records")
