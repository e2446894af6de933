"""Pages of this app, under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from people import views

app_name = "people"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("second-factor/", views.second_factor_page, name="second-factor"),
    path("second-factor/set-up/", views.second_factor_set_up, name="second-factor-set-up"),
    path("second-factor/set-up/code.svg", views.second_factor_code, name="second-factor-code"),
    path("password/", views.password, name="password"),
    path("profile/", views.profile, name="profile"),
    path("profile/notices/read/", views.notices_read, name="notices-read"),
    path("people/", views.people, name="people"),
]
